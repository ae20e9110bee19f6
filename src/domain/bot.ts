// What Docker (or the simulator) reports of a bot: an observed bot. It is plain JSON, because it is
// what a saga captures before it touches a bot, and what its compensation goes back to.

/** The owner that a container's labels claim; identity is decided elsewhere (src/deletion/identity.ts). */
export interface ObservedLabels {
  readonly instanceId?: string;
  /** A user `_id` or a firebaseUid: both have been written by the platform's tools. */
  readonly userId?: string;
  readonly poolId?: string;
}

/** One container per bot, `freqtrade-<instanceId>`. */
export interface ObservedDedicated {
  readonly kind: 'dedicated';
  /** The name of the Docker host, as in DOCKER_HOSTS. */
  readonly host: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly labels: ObservedLabels;
  readonly running: boolean;
  readonly paused: boolean;
  /** Docker's restart policy name, e.g. `unless-stopped`; '' and 'no' are both none. */
  readonly restartPolicy: string;
  /** Nothing but a label claims that it is this bot's: neither its name, nor the pool state, nor our memory of its id.
   * A label may be written by any program, and an image hands it down: such a container is evidence, and is never
   * touched. */
  readonly byLabelAlone?: true;
  /** What its owner lets it take to stop, in seconds: its `--stop-timeout`; negative: without end. Missing: none of its own. */
  readonly stopSeconds?: number;
  /** `--rm`: Docker removes it when it stops, and nothing can put it back. */
  readonly autoRemove?: true;
}

/** A program under supervisord in a pool container: `bot-<instanceId>`, unless its conf file names it differently. */
export interface ObservedPooled {
  readonly kind: 'pooled';
  readonly host: string;
  /** The pool's container. */
  readonly containerId: string;
  readonly containerName: string;
  readonly labels: ObservedLabels;
  /** Whether the pool's container runs; a program of a container that does not run is stopped. */
  readonly poolRunning: boolean;
  /** Whether the conf file stands in the conf folder, stands there put aside, or is gone. */
  readonly conf: 'present' | 'aside' | 'gone';
  /** supervisord's word for it, `absent` when it knows no program of it; of several the liveliest. */
  readonly program: ProgramState | 'absent';
  /** All of its programs, by the names that supervisord knows them under. */
  readonly programs: readonly KnownProgram[];
  /** Why it cannot be taken out of supervisord without touching what is not its own. */
  readonly entangled?: string;
  /** The longest `stopwaitsecs` of its conf file. Missing: none, or the file was not read. */
  readonly stopSeconds?: number;
}

export interface KnownProgram {
  /** `group:process`, or one word where both are the same: `bot-<instanceId>` as the platform writes it. */
  readonly name: string;
  readonly state: ProgramState;
}

export type ProgramState =
  | 'STOPPED'
  | 'STARTING'
  | 'RUNNING'
  | 'BACKOFF'
  | 'STOPPING'
  | 'EXITED'
  | 'FATAL';

export type ObservedBot = ObservedDedicated | ObservedPooled;

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
