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
  let queue: Timer[] = [];

  function set(timer: Timer): void {
    live.set(timer.id, timer);
    push(queue, timer);
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
    let first = queue[0];
    while (first !== undefined && live.get(first.id) !== first) {
      pop(queue);
      first = queue[0];
    }
    return first;
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
        pop(queue);
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

/** A binary heap: the first of all stands at the top, and each before the two below it. */
function push(heap: Timer[], timer: Timer): void {
  let place = heap.length;
  while (place > 0) {
    const above = heap[(place - 1) >> 1];
    if (above === undefined || isBefore(above, timer)) break;
    heap[place] = above;
    place = (place - 1) >> 1;
  }
  heap[place] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let place = 0;
  for (;;) {
    const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
    const isRight = left !== undefined && right !== undefined && isBefore(right, left);
    const first = isRight ? right : left;
    if (first === undefined || isBefore(last, first)) break;
    heap[place] = first;
    place = 2 * place + (isRight ? 2 : 1);
  }
  heap[place] = last;
}

/** Those of one moment fire as they were set. */
function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs === other.atMs ? one.id < other.id : one.atMs < other.atMs;
}
