import { describe, expect, test } from 'vitest';
import type { ConfirmOutcome } from '../../src/bots/hosts/confirm-host.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const URL = '/api/freqtrade/admin/hosts/east/confirm';
const RECORD = {
  observedBots: [],
  count: 0,
  observedAt: null,
  confirmedEmptyAt: '2026-11-03T00:00:00.000Z',
  confirmedBy: 'admin:operator',
};

async function confirming(answer: ConfirmOutcome) {
  const asked: unknown[] = [];
  const api = await createTestApi({
    deps: {
      confirmHost: {
        confirm: async (host, confirmation) => {
          asked.push({ host, ...confirmation });
          return answer;
        },
      },
    },
  });
  const send = (payload: object, url = URL) =>
    api.as('operator', { method: 'POST', url, payload, admin: true });
  return { asked, send };
}

describe('confirming an empty host', () => {
  test('an administrator: 200, recorded in the name of the token', async () => {
    const { asked, send } = await confirming({ status: 'confirmed', record: RECORD });
    const response = await send({ reason: 'new disk' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      success: true,
      host: 'east',
      confirmedEmptyAt: RECORD.confirmedEmptyAt,
      confirmedBy: 'admin:operator',
      goneAt: null,
    });
    expect(asked).toEqual([{ host: 'east', by: 'admin:operator', reason: 'new disk' }]);
  });

  test('a host that is not named any more: 200, as a decision', async () => {
    const decision = { at: '2026-11-03T00:00:00.000Z', by: 'admin:operator', reason: 'it burnt' };
    const { asked, send } = await confirming({ status: 'gone', decision });
    const response = await send({ reason: 'it burnt', gone: true });
    expect(asked).toMatchObject([{ isGone: true }]);
    expect(response.json()).toEqual({
      ...{ success: true, host: 'east', confirmedEmptyAt: null },
      ...{ confirmedBy: 'admin:operator', goneAt: decision.at },
    });
  });

  test.each<[ConfirmOutcome, number, string, object]>([
    [{ status: 'no-such-host', hosts: ['west'] }, 404, 'host-not-found', { hosts: ['west'] }],
    [{ status: 'listed' }, 409, 'host-listed', {}],
    [{ status: 'not-listed' }, 409, 'host-not-listed', {}],
    [{ status: 'not-empty' }, 409, 'host-not-empty', {}],
    [{ status: 'unknown', reason: 'no route' }, 503, 'host-unknown', { reason: 'no route' }],
  ])('%o: %i %s', async (answer, status, kind, members) => {
    const { send } = await confirming(answer);
    const problem = expectProblem(await send({ reason: 'new disk' }), status, kind);
    expect(problem).toMatchObject(members);
  });

  test('without a reason: 400, and nothing is asked', async () => {
    const { asked, send } = await confirming({ status: 'confirmed', record: RECORD });
    for (const body of [
      {},
      { reason: '' },
      { reason: 'x'.repeat(501) },
      { reason: 'x', by: 'y' },
    ]) {
      expectProblem(await send(body), 400, 'invalid-request');
    }
    expect(asked).toEqual([]);
  });

  test('a name with anything in it: taken as the name it is', async () => {
    const { asked, send } = await confirming({ status: 'no-such-host', hosts: [] });
    const url = `/api/freqtrade/admin/hosts/${encodeURIComponent('$a/b c')}/confirm`;
    expectProblem(await send({ reason: 'x' }, url), 404, 'host-not-found');
    expect(asked).toMatchObject([{ host: '$a/b c' }]);
  });
});
