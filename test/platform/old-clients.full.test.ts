// What clients of the platform read, which know nothing of problem documents and jobs: its page shows `message` where
// an answer is not `ok` or has no `success`, calls it "deleted successfully" where both are there, and prints
// `cashedOut.amount` and each of `warnings` as they come. It is served from another origin.

import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/main/config.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { startTestApplication } from '../support/application.ts';
import { deleteBot } from '../support/deletions.ts';
import { sagaIn } from '../support/saga-in.ts';
import { syncWallet } from '../support/syncs.ts';
import { shownByItsPage } from './stand-in/page.ts';
import { createPlatform } from './stand-in/platform.ts';

const URL = '/api/freqtrade/bots/alice-bot-1';
const DELETE = { method: 'DELETE', url: URL } as const;
const PAGE = 'https://app.platform.example';

const answerOf = (response: { statusCode: number; json(): unknown }) => ({
  status: response.statusCode,
  body: response.json(),
});

const shownFor = async (phase: Parameters<typeof sagaIn>[0]) => {
  const api = await createTestApi({ answer: { status: 'existing', saga: sagaIn(phase) } });
  return shownByItsPage(answerOf(await api.as('alice', DELETE)));
};

describe('the page of the platform', () => {
  test('a bot that the platform made: deleted, what was cashed out, and lists of ids where it reads lists', async () => {
    const app = await startTestApplication();
    const platform = createPlatform(app);
    const bot = await platform.place();
    const other = await platform.place({ balance: 0, allocated: 20 });
    expect(shownByItsPage(await deleteBot(app, bot))).toBe(
      'deleted successfully. Cashed out 110.00 USD',
    );
    const { body } = await syncWallet(app, bot.uid);
    expect(body.data).toMatchObject({
      runningBots: [other.instanceId],
      validAllocations: [other.instanceId],
    });
    expect(shownByItsPage(await deleteBot(app, { uid: bot.uid, instanceId: 'none' }))).toMatch(
      /no bot/i,
    );
  });

  test('a deletion that is completed: deleted, and what was cashed out', async () => {
    expect(await shownFor('completed')).toBe('deleted successfully. Cashed out 1105.00 USD');
  });

  test.each([
    ['stuck', /waits for an operator; it is not finished/],
    ['compensating', /did not succeed; what it did is being undone/],
    ['compensated', /was not deleted/],
    ['cancelled', /cancelled/],
  ] as const)('a deletion that is %s: not deleted, and why', async (phase, words) => {
    expect(await shownFor(phase)).toMatch(words);
  });

  test.each([
    ['alice', { status: 'not-found' } as const, /No bot|There is no|no bot/i],
    ['nobody', { status: 'not-found' } as const, /no account here/],
    ['alice', { status: 'sources-unknown', reasons: [] } as const, /source/],
  ])('a refusal of %s with %o: its own words', async (user, answer, words) => {
    const api = await createTestApi({ answer });
    const shown = shownByItsPage(answerOf(await api.as(user, DELETE)));
    expect(shown).toMatch(words);
    expect(shown).not.toBe('Failed to delete bot');
  });

  test('no token, and no request at all: in words too', async () => {
    const api = await createTestApi();
    expect(shownByItsPage(answerOf(await api.app.inject(DELETE)))).toMatch(/Send a token/);
  });

  test('a cancellation that is accepted: a success, though the job is undone by it', async () => {
    const saga = sagaIn('compensating');
    const api = await createTestApi({ sagas: [saga] });
    const url = `/api/freqtrade/jobs/${saga.id}/cancel`;
    const response = await api.as('alice', { method: 'POST', url });
    expect(response.json()).toMatchObject({ success: true, state: 'compensating' });
  });
});

describe('a page of another origin', () => {
  const preflight = (origin: string) =>
    ({
      method: 'OPTIONS',
      url: URL,
      headers: {
        origin,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization',
      },
    }) as const;

  test('of ALLOWED_ORIGINS: its preflight and its request are answered, errors too', async () => {
    const api = await createTestApi({ settings: { allowedOrigins: [PAGE] } });
    const asked = await api.app.inject(preflight(PAGE));
    expect(asked.statusCode).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': expect.stringContaining('DELETE'),
      'access-control-allow-headers': expect.stringContaining('Authorization'),
      vary: 'Origin',
    });
    const sent = await api.as('alice', { ...DELETE, headers: { origin: PAGE } });
    expectProblem(sent, 404, 'bot-not-found');
    expect(sent.headers['access-control-allow-origin']).toBe(PAGE);
    const refused = await api.app.inject({ ...DELETE, headers: { origin: PAGE } });
    expectProblem(refused, 401, 'unauthenticated');
    expect(refused.headers['access-control-allow-origin']).toBe(PAGE);
    // Sessions are for our own pages.
    expect(sent.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test.each([`${PAGE}.evil.example`, 'http://app.platform.example', 'null'])(
    'of %s: allowed nothing',
    async (origin) => {
      const api = await createTestApi({ settings: { allowedOrigins: [PAGE] } });
      expectProblem(await api.app.inject(preflight(origin)), 405, 'method-not-allowed');
      const sent = await api.as('alice', { ...DELETE, headers: { origin } });
      expect(sent.headers).not.toHaveProperty('access-control-allow-origin');
    },
  );

  test('outside the API nothing is allowed to anybody', async () => {
    const api = await createTestApi({ settings: { allowedOrigins: [PAGE] } });
    const response = await api.app.inject({ url: '/livez', headers: { origin: PAGE } });
    expect(response.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('ALLOWED_ORIGINS: a list of origins, and no pattern, path or other scheme', () => {
    const parse = (text: string) => parseConfig({ ALLOWED_ORIGINS: text }).allowedOrigins;
    expect(parse(`${PAGE}, http://localhost:5173`)).toEqual([PAGE, 'http://localhost:5173']);
    for (const bad of [
      '*',
      `${PAGE}/`,
      'https://*.platform.example',
      'null',
      'file://x',
      `${PAGE},`,
    ]) {
      expect(() => parse(bad), bad).toThrow(/ALLOWED_ORIGINS/);
    }
  });
});
