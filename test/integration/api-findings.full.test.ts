import { describe, expect, test } from 'vitest';
import { InDoubtError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import type { ResolveOutcome } from '../../src/deletion/resolve-findings.ts';
import { toInstanceId } from '../../src/domain/ids.ts';
import type { RecordedFinding } from '../../src/findings/findings.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const URL = '/api/freqtrade/admin/findings';
const RESOLVE = `${URL}/fnd-0123456789abcdef01234567/resolve`;

const FINDING: RecordedFinding = {
  id: 'fnd-0123456789abcdef01234567',
  kind: 'resurrected',
  userId: ALICE,
  instanceId: toInstanceId('alice-bot-1'),
  discriminator: '2026-10-02T09:30:00.000Z',
  evidence: { settledBy: 'del-000000000001', nested: { value: 1 } },
  status: 'open',
  observed: 2,
  firstObservedAt: '2026-11-01T00:00:00.000Z',
  lastObservedAt: '2026-11-02T00:00:00.000Z',
  resolution: null,
  earlier: [],
};

const RESOLUTION = {
  action: 'remove',
  reason: 'a stale copy',
  by: 'admin:operator',
  at: '2026-11-03T00:00:00.000Z',
} as const;

const RESOLVED: RecordedFinding = { ...FINDING, status: 'resolved', resolution: RESOLUTION };

async function resolving(answer: ResolveOutcome | Error) {
  const asked: unknown[] = [];
  const api = await createTestApi({
    deps: {
      resolveFindings: {
        resolve: async (id, decision) => {
          asked.push({ id, ...decision });
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
    },
  });
  const body = { action: 'remove', reason: 'a stale copy' };
  const send = (payload: object = body, options = {}) =>
    api.as('operator', { method: 'POST', url: RESOLVE, payload, admin: true, ...options });
  return { api, asked, send };
}

describe('open findings', () => {
  test('an administrator without an account: all of them, complete, by user and kind', async () => {
    const asked: unknown[] = [];
    const api = await createTestApi({
      adminReads: {
        openFindings: async (options) => {
          asked.push(options);
          return [FINDING];
        },
      },
    });
    const all = await api.as('operator', { url: URL, admin: true });
    expect(all.statusCode).toBe(200);
    expect(all.json()).toEqual({ findings: [FINDING] });
    const query = `?userId=${ALICE}&kind=resurrected&limit=500`;
    expect((await api.as('operator', { url: URL + query, admin: true })).statusCode).toBe(200);
    expect(asked).toEqual([{ limit: 50 }, { userId: ALICE, kind: 'resurrected', limit: 500 }]);
  });

  test.each(['?limit=0', '?limit=501', '?userId=alice', '?kind=lost', '?extra=1'])(
    '%s: 400',
    async (query) => {
      const api = await createTestApi();
      const response = await api.as('operator', { url: URL + query, admin: true });
      expectProblem(response, 400, 'invalid-request');
    },
  );
});

describe('resolving a finding', () => {
  test('decided: 200 with the finding, in the name of the token', async () => {
    const { asked, send } = await resolving({ status: 'resolved', finding: RESOLVED });
    const response = await send();
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual(RESOLVED);
    const { id } = FINDING;
    expect(asked).toEqual([{ id, action: 'remove', reason: 'a stale copy', by: 'admin:operator' }]);
  });

  const SAGA = toSagaId('del-000000000001');
  test.each<[ResolveOutcome | Error, number, string, object]>([
    [{ status: 'not-found' }, 404, 'finding-not-found', {}],
    [
      { status: 'resolved-before', finding: RESOLVED },
      409,
      'finding-resolved',
      { resolution: RESOLUTION },
    ],
    [{ status: 'held-by', sagaId: SAGA }, 409, 'bot-busy', { jobId: SAGA }],
    [{ status: 'allocation-gone' }, 409, 'allocation-gone', {}],
    [{ status: 'accepted-before' }, 409, 'accepted-before', {}],
    [{ status: 'not-settled' }, 409, 'not-settled', {}],
    [
      { status: 'not-allowed', allowed: ['acknowledge'] },
      422,
      'action-not-allowed',
      { allowed: ['acknowledge'] },
    ],
    [new UnavailableError('MONGODB_UNREACHABLE', 'away'), 503, 'unavailable', {}],
    [new InDoubtError('MONGODB_WRITE_IN_DOUBT', 'no reply'), 503, 'unavailable', {}],
  ])('%o: %i %s', async (answer, status, kind, members) => {
    const { send } = await resolving(answer);
    expect(expectProblem(await send(), status, kind)).toMatchObject(members);
  });

  test.each([
    {},
    { action: 'remove' },
    { action: 'remove', reason: '' },
    { action: 'remove', reason: ' \n ' },
    { action: 'remove', reason: 'x'.repeat(501) },
    { action: 'pay', reason: 'please' },
    { action: 'remove', reason: 'x', by: 'somebody else' },
    { action: 'remove', reason: 7 },
  ])('the body %j: 400, and nothing is asked', async (payload) => {
    const { asked, send } = await resolving({ status: 'resolved', finding: RESOLVED });
    expectProblem(await send(payload), 400, 'invalid-request');
    expect(asked).toEqual([]);
  });

  test('something that is no finding id: 400', async () => {
    const { send } = await resolving({ status: 'not-found' });
    expectProblem(await send(undefined, { url: `${URL}/$ne/resolve` }), 400, 'invalid-request');
  });
});
