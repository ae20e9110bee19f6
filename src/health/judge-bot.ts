// What one observation of a bot means, given what is remembered of it: the new memory, the status the pool state should
// hold, whether to restart it, and the event for its owner. Pure: no clock, no I/O. I4: an observation without an
// answer means nothing at all. Decided from the state and not from its changes, so that an observation whose
// consequences were lost is made up for by the next one.

import { isWithin } from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import type { ProgramState } from '../domain/bot.ts';
import type { BotEventType } from './bot-events.ts';
import type { BotMemory, HealthState } from './bot-healths.ts';

/** How patient health is. The figures are the platform's contract; tests bring their own. */
export interface HealthSettings {
  /** Failed checks in a row that make a running bot a failed one. */
  readonly checksToFail: number;
  readonly maxRestarts: number;
  /** Least time between two restarts of one bot, in ms. */
  readonly cooldownMs: number;
  /** Restarts are forgiven when the bot has been healthy for this long since the last one, in ms: a bot that comes up and
   * falls again within it would else be restarted for ever. */
  readonly forgiveMs: number;
}

export const HEALTH_SETTINGS: HealthSettings = {
  checksToFail: 3,
  maxRestarts: 3,
  cooldownMs: 60_000,
  forgiveMs: 600_000,
};

export type BotObservation =
  | { readonly status: 'program'; readonly program: ProgramState | 'absent' }
  /** A container of its own. */
  | { readonly status: 'container'; readonly isRunning: boolean }
  | { readonly status: 'pool-down' }
  | { readonly status: 'unknown' };

export interface Case {
  /** Null: not observed before in this incarnation. */
  readonly memory: BotMemory | null;
  readonly observation: BotObservation;
  /** The mapping's word; null where the bot has no mapping. */
  readonly mapped: string | null;
  /** A saga or a tombstone is in charge, or its owner is unknown: only observed. */
  readonly isRestrained: boolean;
  /** Database time. */
  readonly nowMs: number;
}

export interface Verdict {
  readonly memory: BotMemory;
  readonly markAs: 'running' | 'failed' | null;
  readonly restart: boolean;
  readonly events: readonly BotEventType[];
}

/** Null: the observation was not answered. */
export function judgeBot(given: Case, settings: HealthSettings): Verdict | null {
  switch (healthSignOf(given.observation)) {
    case 'unknown':
      return null;
    case 'healthy':
      return healthy(given, settings);
    case 'changing':
      return resting(given, 'changing', given.memory?.failures ?? 0);
    case 'stopped':
      return resting(given, 'stopped', 0);
    case 'pool-down':
      return resting(given, 'pool-down', 0);
    case 'failed':
      return failed(given, settings);
  }
}

type HealthSign = 'unknown' | 'healthy' | 'changing' | 'stopped' | 'pool-down' | 'failed';

function healthSignOf(observation: BotObservation): HealthSign {
  switch (observation.status) {
    case 'unknown':
    case 'pool-down':
      return observation.status;
    case 'container':
      return observation.isRunning ? 'healthy' : 'failed';
    case 'program':
      return HEALTH_SIGNS[observation.program];
    default:
      return assertNever(observation);
  }
}

const HEALTH_SIGNS: Readonly<Record<ProgramState | 'absent', HealthSign>> = {
  RUNNING: 'healthy',
  STARTING: 'changing',
  STOPPING: 'changing',
  // supervisord reports this only of a program that was stopped by a command, or never started.
  STOPPED: 'stopped',
  BACKOFF: 'failed',
  EXITED: 'failed',
  FATAL: 'failed',
  absent: 'failed',
};

function healthy({ memory, mapped, isRestrained, nowMs }: Case, settings: HealthSettings): Verdict {
  // A moment that has not come yet is from before the clock went back: it counts from now.
  const healthySinceMs = Math.min(memory?.healthySinceMs ?? nowMs, nowMs);
  const lastRestartMs =
    memory?.lastRestartMs == null ? null : Math.min(memory.lastRestartMs, nowMs);
  const wellSinceMs = Math.max(healthySinceMs, lastRestartMs ?? 0);
  const isForgiven = nowMs - wellSinceMs >= settings.forgiveMs;
  return {
    memory: {
      ...stateOf(memory, 'healthy', nowMs),
      failures: 0,
      restarts: isForgiven ? 0 : (memory?.restarts ?? 0),
      lastRestartMs,
      hasGivenUp: isForgiven ? false : (memory?.hasGivenUp ?? false),
      healthySinceMs,
    },
    markAs: mapped === 'failed' && !isRestrained ? 'running' : null,
    restart: false,
    events: memory === null || isWellOrStarting(memory) ? [] : ['healthy'],
  };
}

// A bot that comes up after its failures passes through STARTING.
function isWellOrStarting({ state, failures }: BotMemory): boolean {
  return state === 'healthy' || (state === 'changing' && failures === 0);
}

/** Neither well nor failed. */
function resting(
  { memory, nowMs }: Case,
  state: 'changing' | 'stopped' | 'pool-down',
  failures: number,
): Verdict {
  return {
    memory: {
      ...stateOf(memory, state, nowMs),
      failures,
      restarts: memory?.restarts ?? 0,
      lastRestartMs: memory?.lastRestartMs ?? null,
      hasGivenUp: memory?.hasGivenUp ?? false,
      healthySinceMs: null,
    },
    markAs: null,
    restart: false,
    events: memory === null || state === 'changing' || memory.state === state ? [] : [state],
  };
}

/** Far beyond what any decision needs. */
const MAX_COUNTED = 1_000_000;

function failed(given: Case, settings: HealthSettings): Verdict {
  const { memory, mapped, isRestrained, nowMs } = given;
  const failures = Math.min((memory?.failures ?? 0) + 1, MAX_COUNTED);
  const hasFailed = failures >= settings.checksToFail;
  const restarts = memory?.restarts ?? 0;
  const lastRestartMs = memory?.lastRestartMs ?? null;
  const isCooling = lastRestartMs !== null && isWithin(nowMs - lastRestartMs, settings.cooldownMs);
  const mayStart = hasFailed && !isCooling && canBeStarted(given.observation);
  const restart = mayStart && !isRestrained && restarts < settings.maxRestarts;
  // The last restart gets its cooldown before the event that it did not help.
  const hadGivenUp = memory?.hasGivenUp ?? false;
  const hasGivenUp = hadGivenUp || (mayStart && restarts >= settings.maxRestarts);
  // Counted, not compared with the last state: a crash loop is observed STARTING every now and then.
  const events: BotEventType[] = [];
  if (failures === 1) events.push('failing');
  if (failures === settings.checksToFail) events.push('failed');
  if (hasGivenUp && !hadGivenUp) events.push('gave-up');
  if (restart) events.push('restart-ordered');
  return {
    memory: {
      ...stateOf(memory, stateOfFailed(hasFailed, hasGivenUp), nowMs),
      failures,
      hasGivenUp,
      restarts: restart ? restarts + 1 : restarts,
      lastRestartMs: restart ? nowMs : lastRestartMs,
      healthySinceMs: null,
    },
    markAs: hasFailed && mapped === 'running' && !isRestrained ? 'failed' : null,
    restart,
    events,
  };
}

function stateOfFailed(hasFailed: boolean, hasGivenUp: boolean): HealthState {
  if (!hasFailed) return 'failing';
  return hasGivenUp ? 'given-up' : 'failed';
}

// supervisord is at a BACKOFF itself; what it does not know is a deletion's business or a lost conf file.
function canBeStarted(observation: BotObservation): boolean {
  return (
    observation.status === 'program' &&
    (observation.program === 'EXITED' || observation.program === 'FATAL')
  );
}

function stateOf(memory: BotMemory | null, state: HealthState, nowMs: number) {
  return { state, sinceMs: memory?.state === state ? memory.sinceMs : nowMs };
}
