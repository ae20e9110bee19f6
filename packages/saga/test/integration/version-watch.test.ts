import { describe, expect, it } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';
import { createMongoLeaderLeases } from '../../src/log/mongodb/mongo-leader-leases.ts';
import { createMongoWorkerRegistry } from '../../src/log/mongodb/mongo-worker-registry.ts';
import { createVersionWatch, shownState } from '../../src/log/version-watch.ts';
import { setUpEngine } from '../support/saga-engine.ts';
import { sagaOf } from '../support/saga-world.ts';

const SIX_MINUTES_MS = 6 * 60_000;

describe('a saga whose version no live worker knows', () => {
  it('for five minutes: shown as stuck; a worker that knows it comes: as it is again', async () => {
    const { engine } = await setUpEngine((make) => sagaOf([make.undoable('a')]));
    const { db, log, clock } = engine;
    const id = await engine.start();
    const found = async () => {
      const saga = await log.find(id);
      if (saga === null) throw new Error('the saga is gone');
      return saga;
    };
    const watch = (runnable: readonly string[]) =>
      createVersionWatch({
        log,
        workerRegistry: createMongoWorkerRegistry(db),
        leaderLeases: createMongoLeaderLeases(db),
        runnable,
        everyMs: 20,
        onError: (error) => {
          throw error;
        },
      });

    const newer = watch(['test-saga@2']);
    newer.start();
    await waitFor('the saga to be noted', async () => (await found()).unrunnableSince !== null);
    expect(shownState(await found(), clock.nowMs()).phase).toBe('queued');
    const saga = await found();
    expect(shownState(saga, clock.nowMs() + SIX_MINUTES_MS)).toMatchObject({
      phase: 'stuck',
      cause: { code: 'NO_WORKER_FOR_VERSION' },
    });

    const older = watch(['test-saga@1']);
    older.start();
    await newer.stop();
    await waitFor('the note to go', async () => (await found()).unrunnableSince === null);
    await older.stop();
    expect((await engine.runToRest(id)).state.phase).toBe('completed');
  });
});
