// The memory's writes about one bot, in their order, beside whatever their caller does next: what was seen is noted
// while the log takes the capture, and what is gone is forgotten while the tombstone ends. Before anything about the bot
// is changed its note must stand (I4), so a changing call waits for it.

import type { ListedBot } from './bots.ts';
import type { KnownContainers } from './mongo-known-containers.ts';

export interface MemoryWrites {
  /** @param bots all of them in containers of this bot. */
  note(instanceId: string, bots: readonly ListedBot[]): void;
  /** One that fails is made up for: what is known and gone is asked for again, and forgotten then. */
  forget(instanceId: string, bots: readonly ListedBot[]): void;
  /** Returns when the note stands; tries one that has failed again. @throws what that attempt throws. */
  settled(instanceId: string): Promise<void>;
}

interface Write {
  readonly again: () => Promise<void>;
  readonly done: Promise<void>;
}

export function createMemoryWrites(known: Pick<KnownContainers, 'note' | 'forget'>): MemoryWrites {
  const writes = new Map<string, Write>();

  function begin(instanceId: string, again: () => Promise<void>): void {
    const before = writes.get(instanceId)?.done ?? Promise.resolve();
    const write = { again, done: before.catch(() => undefined).then(again) };
    writes.set(instanceId, write);
    write.done.then(
      () => drop(instanceId, write),
      () => undefined,
    );
  }

  function drop(instanceId: string, write: Write): void {
    if (writes.get(instanceId) === write) writes.delete(instanceId);
  }

  return {
    note: (instanceId, bots) => {
      if (bots.length > 0) begin(instanceId, () => known.note(bots));
    },
    forget: (instanceId, bots) => {
      if (bots.length > 0) begin(instanceId, () => known.forget(bots).catch(() => undefined));
    },
    settled: async (instanceId) => {
      const write = writes.get(instanceId);
      if (write === undefined) return;
      await write.done.catch(() => write.again());
      drop(instanceId, write);
    },
  };
}
