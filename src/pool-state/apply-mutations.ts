// A batch of changes on one state, one after the other, and the result for each caller.

import type { PendingMutation } from './mutation-queue.ts';
import { entryOfSame, takenOutBy } from './owned-entry.ts';
import { type PoolEntry, type PoolState, takeOutEntries } from './pool-state.ts';

export interface Applied {
  /** The source itself where no change changed anything. */
  readonly state: PoolState;
  readonly changedBy: ReadonlySet<PendingMutation>;
}

/** A change that throws is its caller's failure alone. */
export function applyAll(source: PoolState, batch: readonly PendingMutation[]): Applied {
  let state = source;
  const changedBy = new Set<PendingMutation>();
  for (const pendings of inRuns(batch.filter((pending) => pending.isOpen()))) {
    for (const pending of pendings) pending.begin();
    const [first] = pendings;
    const isOne = first !== undefined && pendings.length === 1;
    const next = isOne ? applyOne(state, first) : takeOutTogether(state, pendings);
    for (const pending of next.changedBy) changedBy.add(pending);
    state = next.state;
  }
  return { state, changedBy };
}

export function settle(
  batch: readonly PendingMutation[],
  changedBy: ReadonlySet<PendingMutation>,
  state: PoolState,
): void {
  for (const pending of batch) {
    pending.resolve({ state, changed: changedBy.has(pending) });
  }
}

// What takes a bot out is put together with its neighbours that do the same to other bots.
function inRuns(batch: readonly PendingMutation[]): PendingMutation[][] {
  const runs: PendingMutation[][] = [];
  let bots = new Set<string>();
  for (const pending of batch) {
    const bot = takenOutBy(pending.mutation.change)?.instanceId;
    const run = runs.at(-1);
    if (bot !== undefined && bots.size > 0 && !bots.has(bot)) run?.push(pending);
    else {
      runs.push([pending]);
      bots = new Set();
    }
    if (bot !== undefined) bots.add(bot);
  }
  return runs;
}

function applyOne(state: PoolState, pending: PendingMutation): Applied {
  try {
    const after = pending.mutation.change(state);
    return { state: after, changedBy: new Set(after === state ? [] : [pending]) };
  } catch (err) {
    pending.reject(err);
    return { state, changedBy: new Set() };
  }
}

// Of different bots, the entry of each is the same whether the others have left or not.
function takeOutTogether(state: PoolState, pendings: readonly PendingMutation[]): Applied {
  const entries = new Map<string, PoolEntry>();
  const changedBy = new Set<PendingMutation>();
  for (const pending of pendings) {
    const bot = takenOutBy(pending.mutation.change);
    if (bot === undefined) continue;
    try {
      const entry = entryOfSame(state, bot);
      if (entry === null) continue;
      entries.set(bot.instanceId, entry);
      changedBy.add(pending);
    } catch (err) {
      pending.reject(err);
    }
  }
  return { state: entries.size === 0 ? state : takeOutEntries(state, entries), changedBy };
}
