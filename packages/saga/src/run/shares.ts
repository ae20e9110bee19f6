// Shares of one worker's slots, so that the sagas of one key (a user, a tenant) cannot take all of them from the others.
// A key may hold up to twice as many slots as are free: alone it gets two thirds of them, and a third is always left
// for the next key; of k busy keys each gets as much, and some stay free. A running saga never loses its slot. A saga
// without room is parked: it gives its slot back, burns no budget, and is woken when a slot is free (I10: or at its own
// time).

import type { SagaRecord } from '../log/record.ts';
import type { SagaId } from '../saga-id.ts';

export type ParkedSaga = Pick<SagaRecord, 'id' | 'kind'>;

/** How many times the free slots a key may hold. 1 would leave half of the slots unused by a key that is alone. */
const OF_FREE = 2;
/** Woken for each slot that is given back: one takes the slot, and one more lets a key grow when others have ended. */
const WOKEN = 2;

export type Shares = ReturnType<typeof createShares>;

/** @param slots of the worker: what it runs at once. */
export function createShares(slots: number) {
  const running = new Map<string, number>();
  const parked = new Map<string, Map<SagaId, ParkedSaga>>();
  let taken = 0;
  let parkedCount = 0;

  const hasRoom = (key: string, free: number) => (running.get(key) ?? 0) < OF_FREE * free;

  function unpark(key: string, id: SagaId): void {
    const waiting = parked.get(key);
    if (waiting?.delete(id) !== true) return;
    parkedCount -= 1;
    if (waiting.size === 0) parked.delete(key);
  }

  function park(key: string, saga: ParkedSaga): void {
    const waiting = parked.get(key) ?? new Map<SagaId, ParkedSaga>();
    if (!waiting.has(saga.id)) parkedCount += 1;
    waiting.set(saga.id, saga);
    parked.set(key, waiting);
  }

  // Of the key with the fewest running, the one that has waited longest.
  function next(free: number): ParkedSaga | undefined {
    const keys = [...parked.keys()].filter((key) => hasRoom(key, free));
    const [key] = keys.sort((a, b) => (running.get(a) ?? 0) - (running.get(b) ?? 0));
    const [saga] = parked.get(key ?? '')?.values() ?? [];
    if (key !== undefined && saga !== undefined) unpark(key, saga.id);
    return saga;
  }

  function take(key: string | null): void {
    if (key !== null) running.set(key, (running.get(key) ?? 0) + 1);
    taken += 1;
  }

  return {
    /** Takes a slot. False: no room for this key now; the saga is parked.
     * @param key null: the saga has no share, and always has room. */
    enter: (key: string | null, saga: ParkedSaga): boolean => {
      if (key !== null) {
        if (!hasRoom(key, slots - taken)) {
          park(key, saga);
          return false;
        }
        unpark(key, saga.id);
      }
      take(key);
      return true;
    },
    /** The same for a saga that is still to be accepted: it goes behind those of its key that are parked, and is parked by
     * its wake-up, not here. */
    tryEnter: (key: string | null): boolean => {
      if (key !== null && (parked.has(key) || !hasRoom(key, slots - taken))) return false;
      take(key);
      return true;
    },
    /** Gives the slot back. @returns which parked sagas have room now; they are parked no more. */
    leave: (key: string | null): readonly ParkedSaga[] => {
      taken -= 1;
      if (key !== null) {
        const left = (running.get(key) ?? 0) - 1;
        if (left > 0) running.set(key, left);
        else running.delete(key);
      }
      const woken: ParkedSaga[] = [];
      for (let n = 0; n < WOKEN; n += 1) {
        const saga = next(slots - taken - n);
        if (saga !== undefined) woken.push(saga);
      }
      return woken;
    },
    /** How many are parked. */
    get parked(): number {
      return parkedCount;
    },
  };
}
