import { describe, expect, test } from 'vitest';
import { BadCursorError } from '../../packages/saga/src/errors.ts';
import type { SagaFilter } from '../../packages/saga/src/log/saga-log.ts';
import { ALICE, BOB } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { sagaIn, WALLET_CHANGE } from '../support/saga-in.ts';

const PREFIX = '/api/freqtrade';

describe('one job', () => {
  test('completed: the whole job, its steps with the kinds of their definition', async () => {
    const saga = sagaIn('completed');
    const api = await createTestApi({ sagas: [saga] });
    const response = await api.as('alice', { url: `${PREFIX}/jobs/${saga.id}` });
    expect(response.statusCode).toBe(200);
    const idle = { attempts: 0, startedAt: null, finishedAt: null, error: null };
    expect(response.json()).toEqual({
      jobId: saga.id,
      kind: 'delete-bot',
      botId: 'alice-bot-1',
      state: 'completed',
      step: null,
      steps: [
        { name: 'lock-allocation', kind: 'compensatable', status: 'done', ...idle },
        { name: 'refund-wallet', kind: 'pivot', status: 'done', ...idle },
      ],
      progress: 100,
      warnings: [],
      result: { wallet: WALLET_CHANGE },
      error: null,
      createdAt: '2026-11-01T00:00:00.000Z',
      finishedAt: '2026-11-01T00:00:01.000Z',
    });
  });

  test('stuck, of a version unknown here: step, cause and moments, kinds null', async () => {
    const cause = { class: 'hold', code: 'NOT_MONEY', message: 'currentValue is text' } as const;
    const base = sagaIn('stuck');
    const [lock, refund] = base.state.steps;
    if (lock === undefined || refund === undefined) throw new Error('no steps');
    const steps = [
      lock,
      { ...refund, status: 'failed' as const, attempts: 2, startedAtMs: 0, error: cause },
    ];
    const state = { ...base.state, steps, cause: { ...cause, step: 'refund-wallet' } };
    const saga = { ...base, state };
    const api = await createTestApi({
      sagas: [saga],
      deps: { registry: { find: () => undefined } },
    });
    const job = (await api.as('alice', { url: `${PREFIX}/jobs/${saga.id}` })).json();
    expect(job).toMatchObject({
      state: 'stuck',
      step: 'refund-wallet',
      error: { ...cause, step: 'refund-wallet' },
      finishedAt: null,
    });
    expect(job.steps[1]).toEqual({
      name: 'refund-wallet',
      kind: null,
      status: 'failed',
      attempts: 2,
      startedAt: '1970-01-01T00:00:00.000Z',
      finishedAt: null,
      error: cause,
    });
  });

  test("another user's job: 404 word for word like one that never was", async () => {
    const saga = sagaIn('running');
    const api = await createTestApi({ sagas: [saga] });
    const bobs = await api.as('bob', { url: `${PREFIX}/jobs/${saga.id}` });
    const never = await api.as('bob', { url: `${PREFIX}/jobs/del-neverwasthere` });
    const { detail } = expectProblem(bobs, 404, 'job-not-found');
    const { detail: neverDetail } = expectProblem(never, 404, 'job-not-found');
    expect(detail).toBe(String(neverDetail).replace('del-neverwasthere', saga.id));
    const cancel = { method: 'POST', url: `${PREFIX}/jobs/${saga.id}/cancel` } as const;
    expectProblem(await api.as('bob', cancel), 404, 'job-not-found');
    expect(api.cancels).toEqual([]);
  });

  test('an administrator, even one without an account: reads any job', async () => {
    const saga = sagaIn('running');
    const api = await createTestApi({ sagas: [saga] });
    const url = `${PREFIX}/jobs/${saga.id}`;
    expect((await api.as('operator', { url, admin: true })).statusCode).toBe(200);
    expectProblem(await api.as('operator', { url }), 403, 'no-account');
  });

  test.each(['x', 'DEL-000000000001', 'del-1', '$ne'])('the id %s: 400', async (id) => {
    const api = await createTestApi();
    expectProblem(await api.as('alice', { url: `${PREFIX}/jobs/${id}` }), 400, 'invalid-request');
  });
});

describe('the list of jobs', () => {
  test('a user sees their own, filtered by state; an administrator all, and only if they ask', async () => {
    const alices = [sagaIn('running'), sagaIn('completed')];
    const sagas = [...alices, sagaIn('running', { subject: BOB })];
    const api = await createTestApi({ sagas });
    const ids = async (user: string, query: string, admin = false) => {
      const response = await api.as(user, { url: `${PREFIX}/jobs${query}`, admin });
      expect(response.statusCode).toBe(200);
      return response.json().jobs.map(({ jobId }: { jobId: string }) => jobId);
    };
    expect(await ids('alice', '')).toEqual(alices.map(({ id }) => id));
    expect(await ids('alice', '?state=completed')).toEqual([alices[1]?.id]);
    expect(await ids('alice', '', true)).toEqual(alices.map(({ id }) => id));
    expect(await ids('operator', '', true)).toEqual([]);
    expect(await ids('operator', '?scope=all', true)).toEqual(sagas.map(({ id }) => id));
    expectProblem(await api.as('bob', { url: `${PREFIX}/jobs?scope=all` }), 403, 'admin-only');
  });

  test('paging: limit and cursor reach the log, the next cursor comes back', async () => {
    const filters: SagaFilter[] = [];
    const api = await createTestApi({
      routed: {
        list: async (filter) => {
          filters.push(filter);
          if (filter.cursor === 'forged') throw new BadCursorError();
          return { sagas: [], nextCursor: 'next_1' };
        },
      },
    });
    const page = await api.as('alice', { url: `${PREFIX}/jobs?limit=5&cursor=abc_1` });
    expect(page.json()).toEqual({ jobs: [], nextCursor: 'next_1' });
    await api.as('alice', { url: `${PREFIX}/jobs` });
    expect(filters).toEqual([
      { subject: ALICE, limit: 5, cursor: 'abc_1' },
      { subject: ALICE, limit: 20 },
    ]);
    const forged = await api.as('alice', { url: `${PREFIX}/jobs?cursor=forged` });
    expectProblem(forged, 400, 'invalid-cursor');
  });

  test.each(['?limit=0', '?limit=101', '?limit=ten', '?state=lost', '?cursor=%24', '?extra=1'])(
    '%s: 400 with the field at fault',
    async (query) => {
      const api = await createTestApi();
      const response = await api.as('alice', { url: `${PREFIX}/jobs${query}` });
      const { errors } = expectProblem(response, 400, 'invalid-request');
      expect(errors).toEqual([
        { field: expect.stringMatching(/^querystring/), message: expect.any(String) },
      ]);
    },
  );
});

describe('cancelling', () => {
  const cancel = (id: string) => ({ method: 'POST', url: `${PREFIX}/jobs/${id}/cancel` }) as const;

  test('before the pivot: 202 with where to poll, in the name of who asked', async () => {
    const saga = sagaIn('running');
    const api = await createTestApi({ sagas: [saga] });
    const response = await api.as('alice', cancel(saga.id));
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe(`${PREFIX}/jobs/${saga.id}`);
    expect(response.json()).toMatchObject({ jobId: saga.id, state: 'running' });
    expect(api.cancels).toEqual([{ id: saga.id, by: 'user:alice' }]);
  });

  test('after the pivot began, or after another end: 409; cancelled before: 202 again', async () => {
    const late = sagaIn('running', {}, { pivotBegun: true });
    const completed = sagaIn('completed');
    const cancelled = sagaIn('cancelled');
    const api = await createTestApi({ sagas: [late, completed, cancelled] });
    const tooLate = expectProblem(
      await api.as('alice', cancel(late.id)),
      409,
      'too-late-to-cancel',
    );
    expect(tooLate.detail).toContain('finishes forward');
    expectProblem(await api.as('alice', cancel(completed.id)), 409, 'too-late-to-cancel');
    expect((await api.as('alice', cancel(cancelled.id))).statusCode).toBe(202);
  });
});
