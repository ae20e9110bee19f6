// Finishes settled tombstones in the background and observes again 1 and 10 minutes after their end (I5): what
// the saga could not remove, what a daemon or a legacy writer brought back. Runs in every worker; each
// tombstone is taken by one of them at a time.

import { createPeriodic, type Periodic, toFailure } from '@reclaim/saga';
import type { Tombstone } from '../tombstones/tombstones.ts';
import { finishTombstone, NO_RIVAL } from './finish-tombstone.ts';
import type { DeletionPorts } from './steps/step-ports.ts';

export interface JanitorOptions {
  readonly ports: DeletionPorts;
  readonly everyMs: number;
  /** Called when an entry came back into the pool state and was taken out again. */
  readonly onEntryReturned: (tombstone: Tombstone) => void;
  readonly onObserve: (tombstone: Tombstone, gone: boolean, reason: string | null) => void;
  readonly onError: (error: unknown) => void;
}

const BATCH = 50;
const CHECK_TIMEOUT_MS = 30_000;
/** Longer than one observation may take, so that no second janitor begins the same one. */
const HOLD_MS = 60_000;
/** So many observations, one after the other, are the slowest turn there is; the rest of it is MongoDB's. */
const TURN_LIMIT_MS = 240_000;
/** Observations under way at once: a host that hangs must not hold up the tombstones of the others. */
const WIDTH = 10;

export function createJanitor(options: JanitorOptions): Periodic {
  const { everyMs, onError } = options;
  const turn = (signal: AbortSignal) => checkDue(options, signal);
  return createPeriodic({ everyMs, limitMs: TURN_LIMIT_MS, onError, turn });
}

async function checkDue(options: JanitorOptions, signal: AbortSignal): Promise<void> {
  const due = [...(await options.ports.tombstones.takeDue({ limit: BATCH, holdMs: HOLD_MS }))];
  async function next(): Promise<void> {
    for (let found = due.pop(); found !== undefined && !signal.aborted; found = due.pop()) {
      await observe(options, found, signal).catch(options.onError);
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, next));
}

async function observe(
  { ports, onEntryReturned, onObserve }: JanitorOptions,
  tombstone: Tombstone,
  stopping: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
  const observation = await finishTombstone(ports, tombstone, { signal, fence: NO_RIVAL }).catch(
    (error: unknown) => ({ gone: false, reason: reasonOf(error), entryReturned: false }),
  );
  if (observation.entryReturned) onEntryReturned(tombstone);
  const reason = 'reason' in observation ? observation.reason : null;
  await ports.tombstones.recordCheck(tombstone, { gone: observation.gone, reason });
  onObserve(tombstone, observation.gone, reason);
}

function reasonOf(error: unknown): string {
  const { code, message } = toFailure(error);
  return `${code}: ${message}`;
}
