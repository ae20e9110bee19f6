// How an operator finds sagas: by what is known of them, the most urgent first.

import { describe, expect, test } from 'vitest';
import type { SagaFilter } from '../../packages/saga/src/log/saga-log.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { asAdmin } from '../support/admin.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  completedDelete,
  injectFaults,
  jobIn,
  placeBot,
} from '../support/deletions.ts';
import { sagaIn } from '../support/saga-in.ts';

const URL = '/api/freqtrade/admin/sagas';

describe('a search for sagas', () => {
  test('by saga, bot, firebaseUid and user id: exactly those, in every state', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '1000' },
    });
    const one = await placeBot(app, 'dedicated', { uid: 'uid-one' });
    const other = await placeBot(app, 'dedicated', { uid: 'uid-two' });
    const ended = await completedDelete(app, one);
    await injectFaults(app, other, { refuseStop: true });
    const stuck = await acceptDelete(app, other);
    await jobIn(app, other.uid, stuck, 'stuck');
    const found = async (q: string, more = '') => {
      const path = `/admin/sagas?q=${encodeURIComponent(q)}${more}`;
      const { body } = await asAdmin(app, 'GET', path);
      return body.sagas.map(({ jobId }: { jobId: string }) => jobId);
    };
    expect(await found(ended)).toEqual([ended]);
    expect(await found(one.instanceId)).toEqual([ended]);
    expect(await found(` ${other.instanceId} `)).toEqual([stuck]);
    expect(await found('uid-two')).toEqual([stuck]);
    expect(await found(one.userId)).toEqual([ended]);
    expect(await found('uid-two', '&state=completed')).toEqual([]);
    expect(await found('uid')).toEqual([]);
    expect(await found('.*')).toEqual([]);
    expect(await found('two words')).toEqual([]);
    const { body } = await asAdmin(app, 'GET', '/admin/sagas?order=urgency');
    expect(body.sagas.map(({ jobId }: { jobId: string }) => jobId)).toEqual([stuck, ended]);
  });

  test.each(['?q=', '?q=%20', `?q=${'x'.repeat(129)}`, '?order=oldest'])(
    '%s: 400',
    async (query) => {
      const api = await createTestApi();
      const response = await api.as('operator', { url: URL + query, admin: true });
      expectProblem(response, 400, 'invalid-request');
    },
  );

  test('a cursor that no page in this order gave out: 400', async () => {
    const api = await createTestApi();
    for (const cursor of ['9~', '0', '1~2~3', 'abc']) {
      const url = `${URL}?order=urgency&cursor=${cursor}`;
      expectProblem(await api.as('operator', { url, admin: true }), 400, 'invalid-cursor');
    }
  });
});

describe('the most urgent first', () => {
  const sagas = [
    sagaIn('completed'),
    sagaIn('running'),
    sagaIn('stuck'),
    sagaIn('compensating'),
    sagaIn('stuck'),
    sagaIn('queued'),
  ];

  /** Pages as the log makes them: by a cursor that says how many came before. */
  async function paging() {
    const list = async ({ phases, limit, cursor }: SagaFilter) => {
      const all = sagas.filter(({ state }) => phases?.includes(state.phase) ?? true);
      const from = Number(cursor ?? 0);
      const page = all.slice(from, from + limit);
      const end = from + page.length;
      return { sagas: page, nextCursor: end < all.length ? String(end) : null };
    };
    return createTestApi({ routed: { list } });
  }

  interface Page {
    readonly sagas: readonly { readonly state: string }[];
    readonly nextCursor: string | null;
  }

  test.each([1, 2, 4, 100])('in pages of %i: without a gap or a repeat', async (limit) => {
    const api = await paging();
    const states: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const url: string = `${URL}?order=urgency&limit=${limit}${more}`;
      const body: Page = (await api.as('operator', { url, admin: true })).json();
      states.push(...body.sagas.map(({ state }) => state));
      cursor = body.nextCursor;
    }
    expect(states).toEqual(['stuck', 'stuck', 'compensating', 'running', 'queued', 'completed']);
  });

  test('with a state: only that', async () => {
    const api = await paging();
    const url = `${URL}?order=urgency&state=queued&subject=${ALICE}`;
    const { sagas: found, nextCursor } = (await api.as('operator', { url, admin: true })).json();
    expect(found).toHaveLength(1);
    expect(nextCursor).toBeNull();
  });
});
