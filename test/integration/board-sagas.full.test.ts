// A saga in trouble, as the queue board's own API shows it on a running system: what fails, how often, why, and where to
// go from there.

import { describe, expect, it } from 'vitest';
import { asAdmin, type Board, openBoard } from '../support/admin.ts';
import {
  startTestApplication,
  startWithWorkersBeside,
  type TestApplication,
} from '../support/application.ts';
import { acceptDelete, deleteBot, injectFaults, jobIn, placeBot } from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

/** The job as it stands in the list of a queue's jobs of one status. */
async function listed(board: Board, status: string, jobId: string) {
  const { body } = await board.get(`/api/queues?activeQueue=deletion&status=${status}&page=1`);
  const deletion = body.queues.find(({ name }: { name: string }) => name === 'deletion');
  return deletion.jobs.find(({ id }: { id: string }) => id === jobId);
}

async function logsOf(board: Board, jobId: string): Promise<string[]> {
  return (await board.get(`/api/queues/deletion/${jobId}/logs`)).body;
}

async function deletionThatCannotStop(app: TestApplication) {
  const bot = await placeBot(app, 'dedicated');
  await injectFaults(app, bot, { refuseStop: true });
  return { bot, jobId: await acceptDelete(app, bot) };
}

describe('the queue board', () => {
  it('a stuck saga: among the failed, with its step, its error, every attempt, a link, and a retry that works', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '1000' },
    });
    const board = await openBoard(app);
    const { bot, jobId } = await deletionThatCannotStop(app);
    await jobIn(app, bot.uid, jobId, 'stuck');

    const job = await waitFor('the failed job', async () => listed(board, 'failed', jobId));
    expect(job).toMatchObject({
      id: jobId,
      name: 'delete-bot: stuck in stop-container: STOP_FAILED',
      isFailed: true,
      data: {
        sagaId: jobId,
        saga: {
          state: 'stuck',
          step: 'stop-container',
          attempts: expect.any(Number),
          error: { code: 'STOP_FAILED', step: 'stop-container' },
          notBefore: null,
        },
      },
    });
    expect(job.failedReason).toMatch(/^stuck in stop-container: STOP_FAILED: /);
    expect((await board.get(`/api/queues/deletion/${jobId}`)).body.job).toEqual(job);

    expect(job.externalUrl.href).toBe(`/ops?saga=${jobId}`);
    expect((await fetch(app.url + job.externalUrl.href)).status).toBe(200);
    const { body: saga } = await asAdmin(app, 'GET', `/admin/sagas/${jobId}`);

    const lines = await logsOf(board, jobId);
    const failures = lines.filter((line) => line.includes(': failed stop-container: '));
    expect(failures.length).toBeGreaterThan(1);
    expect(failures.length).toBe(
      saga.history.filter(({ type }: { type: string }) => type === 'failed').length,
    );
    expect(failures[0]).toMatch(/^\d{4}-.*Z epoch 1: failed stop-container: [A-Z_]+: ./);
    expect(lines.at(-1)).toContain(`/ops?saga=${jobId}`);

    await injectFaults(app, bot, null);
    expect(await board.retry('deletion', jobId)).toBe(204);
    await jobIn(app, bot.uid, jobId, 'completed');
    const done = await waitFor('the completed job', async () => listed(board, 'completed', jobId));
    expect(done).toMatchObject({
      name: 'delete-bot',
      progress: 100,
      data: { saga: { state: 'completed', step: null, error: null } },
    });
    expect((await logsOf(board, jobId)).join('\n')).toContain(
      'retry-ordered stop-container: by admin:ann',
    );
  });

  it('a saga that fails and tries again: says so while it does, before anybody gives up', async () => {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '600000' } });
    const board = await openBoard(app);
    const { bot, jobId } = await deletionThatCannotStop(app);

    const job = await waitFor('the failing job', async () => {
      const found = await listed(board, 'latest', jobId);
      return found?.data.saga.attempts > 1 && found;
    });
    expect(job.name).toMatch(/^delete-bot: running, failing in stop-container: [A-Z_]+$/);
    expect(job.data.saga).toMatchObject({ state: 'running', step: 'stop-container' });
    expect((await logsOf(board, jobId)).join('\n')).toContain('failed stop-container');

    await injectFaults(app, bot, null);
    await jobIn(app, bot.uid, jobId, 'completed');
  });

  it('a flush of Redis: the stuck saga is back on the board', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '1000' },
    });
    const board = await openBoard(app);
    const { bot, jobId } = await deletionThatCannotStop(app);
    await jobIn(app, bot.uid, jobId, 'stuck');
    await waitFor('the failed job', async () => listed(board, 'failed', jobId));
    await app.services.engine.queues.get('deletion')?.remove(jobId);
    expect(await listed(board, 'failed', jobId)).toBeUndefined();
    const back = await waitFor('the job again', async () => listed(board, 'failed', jobId));
    expect(back.name).toBe('delete-bot: stuck in stop-container: STOP_FAILED');
  });

  it('the saga is not in the log any more, or never was: the job is shown as the queue has it', async () => {
    const app = await startWithWorkersBeside();
    const board = await openBoard(app);
    const bot = await placeBot(app, 'dedicated');
    const { jobId } = (await deleteBot(app, bot)).body;
    await waitFor('the completed job', async () => listed(board, 'completed', jobId));
    await app.db.collection<{ _id: string }>('sagas').deleteOne({ _id: jobId });
    const job = await listed(board, 'completed', jobId);
    expect(job).toMatchObject({ name: 'delete-bot', data: { sagaId: jobId, saga: null } });
    expect(await logsOf(board, jobId)).toEqual([]);
  });
});
