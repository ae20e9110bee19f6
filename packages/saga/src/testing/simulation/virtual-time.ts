// Time that passes only when everything that could happen now has happened: the timers of the program under test fire
// one by one in the order of their moments, and nothing waits for a real clock. The same calls give the same order.

export interface VirtualTime {
  nowMs(): number;
  /** Fires timers until none is left before the moment, or it is done. */
  runUntil(moment: number, isDone?: () => boolean): Promise<void>;
  /** Forgets every timer, and begins again. */
  restart(): void;
  /** Gives the real timers back. */
  end(): void;
}

interface Timer {
  readonly id: number;
  readonly atMs: number;
  readonly everyMs: number | null;
  readonly fire: () => void;
}

const START_MS = Date.parse('2026-11-01T00:00:00Z');

/** Replaces setTimeout and setInterval until its end. */
export function startVirtualTime(): VirtualTime {
  let nowMs = START_MS;
  let ids = 0;
  const live = new Map<number, Timer>();
  /** In the order in which they fire. */
  let queue: Timer[] = [];

  function set(timer: Timer): void {
    live.set(timer.id, timer);
    const before = queue.findLastIndex((other) => isBefore(other, timer));
    queue.splice(before + 1, 0, timer);
  }

  const add =
    (isRepeated: boolean) =>
    (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      ids += 1;
      const afterMs = Math.max(1, ms);
      const everyMs = isRepeated ? afterMs : null;
      set({ id: ids, atMs: nowMs + afterMs, everyMs, fire: () => fire(...args) });
      return ids;
    };
  const remove = (id: number) => void live.delete(id);
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  Object.assign(globalThis, {
    setTimeout: add(false),
    setInterval: add(true),
    clearTimeout: remove,
    clearInterval: remove,
  });

  /** Those that were cleared meanwhile are left out on the way. */
  function next(): Timer | undefined {
    while (queue[0] !== undefined && live.get(queue[0].id) !== queue[0]) queue.shift();
    return queue[0];
  }

  return {
    nowMs: () => nowMs,
    end: () => {
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
    },
    restart: () => {
      live.clear();
      queue = [];
      nowMs = START_MS;
    },
    runUntil: async (moment, isDone = () => false) => {
      for (;;) {
        await turn();
        const timer = next();
        if (isDone() || timer === undefined || timer.atMs > moment) break;
        queue.shift();
        live.delete(timer.id);
        const { atMs, everyMs } = timer;
        nowMs = atMs;
        if (everyMs !== null) set({ ...timer, atMs: atMs + everyMs });
        timer.fire();
      }
      if (!isDone()) nowMs = Math.max(nowMs, moment);
    },
  };
}

/** Everything that can run without a timer has run by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Those of one moment fire as they were set; a repeated one keeps its place. */
function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs === other.atMs ? one.id < other.id : one.atMs < other.atMs;
}
