// Notes of the memory that are written beside whatever their caller does next: what was seen is noted while the log takes
// the capture. Before anything about the bot is changed its note must stand (I4), so a changing call waits for it. What
// is gone is forgotten by the caller itself, before its saga ends: a later bot of the same id may stand in the same container.

import type { ListedBot } from './bots.ts';
import type { KnownContainers } from './mongo-known-containers.ts';

interface Note {
  /** Those of notes before it that have not landed included. */
  readonly bots: readonly ListedBot[];
  readonly done: Promise<void>;
}

export function createPendingNotes(known: Pick<KnownContainers, 'note'>) {
  const pending = new Map<string, Note>();

  function drop(instanceId: string, note: Note): void {
    if (pending.get(instanceId) === note) pending.delete(instanceId);
  }

  return {
    /** @param bots all of them in containers of this bot. */
    note: (instanceId: string, bots: readonly ListedBot[]): void => {
      if (bots.length === 0) return;
      const before = pending.get(instanceId);
      const all = [...(before?.bots ?? []), ...bots];
      const done = Promise.resolve(before?.done).then(
        () => known.note(bots),
        () => known.note(all),
      );
      const note = { bots: all, done };
      pending.set(instanceId, note);
      note.done.then(
        () => drop(instanceId, note),
        () => undefined,
      );
    },

    /** Returns when the note stands; tries one that has failed again. @throws what that attempt throws. */
    settled: async (instanceId: string): Promise<void> => {
      const note = pending.get(instanceId);
      if (note === undefined) return;
      await note.done.catch(() => known.note(note.bots));
      drop(instanceId, note);
    },
  };
}
