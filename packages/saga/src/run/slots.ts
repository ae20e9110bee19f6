// The slots of one worker. Sagas that were accepted in its process take free ones at once; wake-ups, of which the queue
// gives it as many as there are slots, wait for theirs, first come, first served, and go before what is accepted then. One
// that waits for long goes back to the queue: another process may have room.

/** A saga takes some milliseconds: who waits longer stands behind sagas that wait for the world. */
const WAIT_MS = 1_000;

export type Slots = ReturnType<typeof createSlots>;

export function createSlots(count: number) {
  const waiting = new Set<() => void>();
  let free = count;

  /** Now or never. False: all are taken, or others wait for one. */
  function tryTake(): boolean {
    if (free <= 0 || waiting.size > 0) return false;
    free -= 1;
    return true;
  }

  return {
    tryTake,
    /** False: none was given back within `WAIT_MS`. */
    take: async (): Promise<boolean> => {
      if (tryTake()) return true;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const granted = () => resolve(true);
      waiting.add(granted);
      const timer = setTimeout(() => {
        waiting.delete(granted);
        resolve(false);
      }, WAIT_MS);
      return promise.finally(() => clearTimeout(timer));
    },
    give: (): void => {
      const [first] = waiting;
      if (first === undefined) {
        free += 1;
      } else {
        waiting.delete(first);
        first();
      }
    },
  };
}
