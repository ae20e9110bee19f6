// The pool state in memory (contracts/pool-states.ts), which hands out what a scope names and no more. The platform writes it
// too, without asking anybody.

import { UnavailableError } from '../../packages/saga/src/errors.ts';
import type { Link } from '../../packages/saga/src/testing/index.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { PoolMutation, PoolScope, PoolStates } from '../../src/pool-state/pool-states.ts';
import { answerOf } from './answer-of.ts';
import { DIRECT_LINK } from './over-link.ts';
import { partOf, withPart } from './part-of-pools.ts';

export const NO_POOLS: PoolState = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };

export interface PoolStore {
  pools: PoolState;
}

export interface PoolStatesOptions {
  readonly link?: Link;
  readonly nowMs?: () => number;
  readonly onWritten?: (before: PoolState) => void;
}

export function poolStatesOver(store: PoolStore, options: PoolStatesOptions = {}): PoolStates {
  const { link = DIRECT_LINK, nowMs = Date.now, onWritten } = options;

  /** The change is made again where the platform has written meanwhile. */
  function apply(change: PoolMutation['change'], about: PoolScope | undefined) {
    for (;;) {
      const before = store.pools;
      const part = partOf(before, about);
      const after = change(part);
      if (store.pools !== before) continue;
      if (after === part) return { state: part, changed: false };
      const state = { ...after, updatedAt: new Date(nowMs()).toISOString() };
      store.pools = about === undefined ? state : withPart(before, part, state);
      onWritten?.(before);
      return { state, changed: true };
    }
  }

  return {
    read: ({ about }) =>
      answerOf(() => link.call('file', 'pools read', () => partOf(store.pools, about))),
    // The fence is asked inside the lock, and nothing comes between it and the write (I5).
    mutate: async ({ change, fence, signal, about }) => {
      await link.call('file', 'pools lock', () => undefined);
      await untilGivenUp(fence, signal);
      const written = apply(change, about);
      return link.call('file', 'pools written', () => written);
    },
  };
}

async function untilGivenUp(fence: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new UnavailableError('POOL_STATE_LOCKED', 'given up by its caller'));
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([promise, signal.aborted ? promise : fence()]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
