// Informs many watchers when their sagas change, at the cost of one read for all of them: each round reads the
// revisions of all watched sagas in one query, and then only the sagas that changed. Rounds are made only while there
// is a watcher. A log that cannot be read is not news about any saga (I4): watchers are informed of it, and the rounds
// continue, further apart.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { SagaRecord } from '../log/record.ts';
import { isUnrunnable } from '../log/version-watch.ts';
import { pause } from '../run/deadline.ts';
import type { SagaId } from '../saga-id.ts';
import type { Sagas } from '../sagas.ts';

export interface SagaWatcher {
  /** The newest record; may be one that the watcher knows. Null: the log holds the saga no more. */
  changed(saga: SagaRecord | null): void;
  /** The log could not be read; the next try comes by itself. */
  unreadable(): void;
}

export interface SagaWatchOptions {
  readonly sagas: Pick<Sagas, 'find' | 'findRevisions'>;
  readonly nowMs: () => number;
  /** The first failure of an outage, or of one saga that cannot be read or shown. */
  readonly onUnreadable: (error: unknown) => void;
  /** From one round to the next. */
  readonly everyMs?: number;
}

/** People see no delay in this, and the database does not notice seven small queries a second. */
const ROUND_EVERY_MS = 150;
/** While the log cannot be read. */
const MAX_PAUSE_MS = 5_000;

interface Watched {
  /** What was reported to the watchers last; null: read again. */
  observed: string | null;
  /** It alone, while the others can be read. */
  isUnreadable: boolean;
  readonly watchers: Set<SagaWatcher>;
}

export type SagaWatch = ReturnType<typeof createSagaWatch>;

export function createSagaWatch(options: SagaWatchOptions) {
  const { nowMs, onUnreadable, everyMs = ROUND_EVERY_MS } = options;
  const lockedBy = new AbortController();
  const watched = new Map<SagaId, Watched>();
  // Rounds serve all watchers: they must not run in the context, and the trace, of the first one.
  const inNoContext = AsyncLocalStorage.snapshot();
  let isRunning = false;

  async function run(): Promise<void> {
    let failures = 0;
    let tookMs = 0;
    for (;;) {
      // A database that answers slowly is read less often.
      await pause(pauseMs(Math.max(everyMs, tookMs), failures), lockedBy.signal);
      if (lockedBy.signal.aborted || watched.size === 0) break;
      const begunMs = performance.now();
      try {
        await readOnce(options, [...watched]);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) onUnreadable(error);
        for (const watcher of [...watched.values()].flatMap((one) => [...one.watchers])) {
          watcher.unreadable();
        }
      }
      tookMs = performance.now() - begunMs;
    }
    isRunning = false;
  }

  return {
    /** @param saga as the watcher has it: what happened since then is reported too.
     * @returns ends the watch; idempotent. */
    watch: (saga: SagaRecord, watcher: SagaWatcher): (() => void) => {
      const known = watched.get(saga.id);
      const observed = lockOf(saga, nowMs());
      const entry = known ?? { observed, isUnreadable: false, watchers: new Set() };
      if (entry.observed !== observed) entry.observed = null;
      entry.watchers.add(watcher);
      watched.set(saga.id, entry);
      if (!isRunning && !lockedBy.signal.aborted) {
        isRunning = true;
        inNoContext(() => void run());
      }
      return () => {
        entry.watchers.delete(watcher);
        if (entry.watchers.size === 0 && watched.get(saga.id) === entry) watched.delete(saga.id);
      };
    },
    /** No more rounds. Idempotent. */
    close: (): void => lockedBy.abort(),
  };
}

async function readOnce(
  options: SagaWatchOptions,
  entries: readonly (readonly [SagaId, Watched])[],
): Promise<void> {
  const { sagas, nowMs } = options;
  const revisions = await sagas.findRevisions(entries.map(([id]) => id));
  const changed = entries.filter(
    ([id, { observed }]) => observed !== lockOf(revisions.get(id) ?? null, nowMs()),
  );
  // The log combines them into one query.
  const found = await Promise.allSettled(changed.map(([id]) => sagas.find(id)));
  let alone = 0;
  for (const [index, [id, entry]] of changed.entries()) {
    const answer = found[index];
    if (answer?.status === 'fulfilled') {
      notify(options, entry, answer.value);
    } else if (alone < MAX_ALONE) {
      alone += 1;
      await reportAlone(options, id, entry);
    }
  }
}

/** Of one round: a log that is away fails the round itself, before. */
const MAX_ALONE = 20;

// One that cannot be read fails all that were read with it: only its own watchers get that error.
async function reportAlone(options: SagaWatchOptions, id: SagaId, entry: Watched): Promise<void> {
  try {
    notify(options, entry, await options.sagas.find(id));
  } catch (error) {
    if (!entry.isUnreadable) options.onUnreadable(error);
    entry.isUnreadable = true;
    for (const watcher of entry.watchers) watcher.unreadable();
  }
}

function notify(
  { nowMs, onUnreadable }: SagaWatchOptions,
  entry: Watched,
  saga: SagaRecord | null,
): void {
  entry.isUnreadable = false;
  entry.observed = lockOf(saga, nowMs());
  for (const watcher of entry.watchers) {
    try {
      watcher.changed(saga);
    } catch (error) {
      onUnreadable(error);
    }
  }
}

// Time alone changes what is shown of a saga that no worker can run.
function lockOf(
  saga: Pick<SagaRecord, 'revision' | 'unrunnableSince'> | null,
  nowMs: number,
): string {
  if (saga === null) return 'gone';
  return `${saga.revision}${isUnrunnable(saga, nowMs) ? ' unrunnable' : ''}`;
}

function pauseMs(everyMs: number, failures: number): number {
  return Math.max(everyMs, Math.min(MAX_PAUSE_MS, everyMs * 2 ** Math.min(failures, 10)));
}
