// What Docker (or the simulator) reports of a bot: an observed bot. It is plain JSON, because it is
// what a saga captures before it touches a bot, and what its compensation goes back to; the schemas are what a newer
// program reads the log by.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';

const TEXT = Type.String();

/** The owner that a container's labels claim; identity is decided elsewhere (src/pool-state/ownership.ts). */
const LABELS = Type.Object({
  instanceId: Type.Optional(TEXT),
  /** A user `_id` or a firebaseUid: both have been written by the platform's tools. */
  userId: Type.Optional(TEXT),
  poolId: Type.Optional(TEXT),
});
export type ObservedLabels = StoredOf<typeof LABELS>;

/** One container per bot, `freqtrade-<instanceId>`. */
export type ObservedDedicated = StoredOf<typeof DEDICATED>;
const DEDICATED = Type.Object({
  kind: Type.Literal('dedicated'),
  /** The name of the Docker host, as in DOCKER_HOSTS. */
  host: TEXT,
  containerId: TEXT,
  containerName: TEXT,
  labels: LABELS,
  running: Type.Boolean(),
  paused: Type.Boolean(),
  /** Docker's restart policy name, e.g. `unless-stopped`; '' and 'no' are both none. */
  restartPolicy: TEXT,
  /** Nothing but a label claims that it is this bot's: neither its name, nor the pool state, nor our memory of its id.
   * A label may be written by any program, and an image hands it down: such a container is evidence, and is never
   * touched. */
  byLabelAlone: Type.Optional(Type.Literal(true)),
  /** What its owner lets it take to stop, in seconds: its `--stop-timeout`; negative: without end. Missing: none of its own. */
  stopSeconds: Type.Optional(Type.Number()),
  /** `--rm`: Docker removes it when it stops, and nothing can put it back. */
  autoRemove: Type.Optional(Type.Literal(true)),
});

export const PROGRAM_STATES = [
  'STOPPED',
  'STARTING',
  'RUNNING',
  'BACKOFF',
  'STOPPING',
  'EXITED',
  'FATAL',
] as const;
export type ProgramState = (typeof PROGRAM_STATES)[number];
const PROGRAM_STATE = Type.Enum([...PROGRAM_STATES]);

export type KnownProgram = StoredOf<typeof KNOWN_PROGRAM>;
const KNOWN_PROGRAM = Type.Object({
  /** `group:process`, or one word where both are the same: `bot-<instanceId>` as the platform writes it. */
  name: TEXT,
  state: PROGRAM_STATE,
});

/** A program under supervisord in a pool container: `bot-<instanceId>`, unless its conf file names it differently. */
export type ObservedPooled = StoredOf<typeof OBSERVED_POOLED>;
export const OBSERVED_POOLED = Type.Object({
  kind: Type.Literal('pooled'),
  host: TEXT,
  /** The pool's container. */
  containerId: TEXT,
  containerName: TEXT,
  labels: LABELS,
  /** Whether the pool's container runs; a program of a container that does not run is stopped. */
  poolRunning: Type.Boolean(),
  /** Whether the conf file stands in the conf folder, stands there put aside, or is gone. */
  conf: Type.Enum(['present', 'aside', 'gone']),
  /** supervisord's word for it, `absent` when it knows no program of it; of several the liveliest. */
  program: Type.Union([PROGRAM_STATE, Type.Literal('absent')]),
  /** All of its programs, by the names that supervisord knows them under. */
  programs: Type.Array(KNOWN_PROGRAM),
  /** Why it cannot be taken out of supervisord without touching what is not its own. */
  entangled: Type.Optional(TEXT),
  /** The longest `stopwaitsecs` of its conf file. Missing: none, or the file was not read. */
  stopSeconds: Type.Optional(Type.Number()),
});

export type ObservedBot = ObservedDedicated | ObservedPooled;
export const OBSERVED_BOT = Type.Union([DEDICATED, OBSERVED_POOLED]);

/** What Docker and supervisord give a bot to stop by themselves, in seconds. */
export const USUAL_STOP_SECONDS = 10;

/** How much longer than usual its owner lets the slowest of these take to stop, in seconds.
 * @param maxSeconds no stop is waited for any longer. */
export function extraStopSeconds(observedBots: readonly ObservedBot[], maxSeconds: number): number {
  return Math.max(
    0,
    ...observedBots.map((observed) => extraSeconds(observed.stopSeconds ?? 0, maxSeconds)),
  );
}

export function extraSeconds(stopSeconds: number, maxSeconds: number): number {
  return Math.max(0, boundedStop(stopSeconds, maxSeconds) - USUAL_STOP_SECONDS);
}

/** A stop time of an owner's, negative for one without end, as far as it is waited for. */
export function boundedStop(stopSeconds: number, maxSeconds: number): number {
  return stopSeconds < 0 ? maxSeconds : Math.min(stopSeconds, maxSeconds);
}

/** Where to search for one bot, so that no observation of one bot lists all containers. */
export interface BotQuery {
  readonly instanceId: string;
  /** The owner's firebaseUid: pools are named after it. Null for a user without one. */
  readonly firebaseUid: string | null;
  /** The owner's `_id`, which the platform's tools have written into labels as well. */
  readonly userId?: string;
  /** Pool containers that the pool state names for this bot; the owner's pools are queried too. */
  readonly poolContainers: readonly string[];
  /** Ids of containers that are known to be this bot or to hold it: they are queried under any name. */
  readonly knownIds?: readonly string[];
  /** The only host that may hold it, when a mapping of ours names it; else all hosts are queried. */
  readonly dockerHost?: string;
}

/** Whether the bot is positively up: what is on its way down, or up and down again, is not. */
export function isUp(observedBot: ObservedBot): boolean {
  if (observedBot.kind === 'dedicated') return observedBot.running && !observedBot.paused;
  const { poolRunning, program } = observedBot;
  return poolRunning && (program === 'RUNNING' || program === 'STARTING');
}

/** Whether a stop takes it away for good. */
export function isRemovedByStop(observedBot: ObservedBot): boolean {
  return observedBot.kind === 'dedicated' && observedBot.running && observedBot.autoRemove === true;
}

/** Whether the bot could still act: anything that is not positively at rest counts as running. */
export function isAtRest(observedBot: ObservedBot): boolean {
  if (observedBot.kind === 'dedicated') return !observedBot.running;
  if (!observedBot.poolRunning) return true;
  return AT_REST.has(observedBot.program);
}

const AT_REST: ReadonlySet<ProgramState | 'absent'> = new Set([
  'STOPPED',
  'EXITED',
  'FATAL',
  'absent',
]);
