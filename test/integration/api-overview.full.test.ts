import { UnavailableError } from '@reclaim/saga';
import { describe, expect, test } from 'vitest';
import { ok, unknown } from '../../src/domain/source.ts';
import { createOverview } from '../../src/operations/overview.ts';
import { HEALTHY } from '../fakes/api-layers.ts';
import { asAdmin } from '../support/admin.ts';
import { createTestApi } from '../support/api.ts';
import { readMetrics, startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  injectFaults,
  jobIn,
  placeBot,
  poolStateOf,
  stuckDelete,
} from '../support/deletions.ts';

const URL = '/api/freqtrade/admin/overview';
const AT = new Date('2026-11-01T00:00:00.000Z');

describe('the overview', () => {
  test('MongoDB does not answer: no figures, never zeros, and the sources all the same', async () => {
    const away = () => Promise.reject(new UnavailableError('MONGODB_AWAY', 'no primary'));
    const overview = createOverview({
      log: { openSummary: away, list: away },
      atRisk: () => null,
      countTombstones: away,
      findings: { countOpen: away },
      bots: {
        hosts: () => ['east', 'west'],
        hasManaged: async (host) =>
          host === 'east' ? unknown('connection refused') : ok(false, AT),
      },
      poolStates: { read: async () => unknown('it cannot be read') },
      hostTrust: {
        judge: async () => ({ unknown: 'bot-1 was last seen there' }),
        findGone: async () => new Set(),
      },
      unlistedHosts: async () => [
        { name: 'lost', gone: { at: AT.toISOString(), by: 'admin:ann', reason: 'it burnt' } },
        { name: 'north', gone: null },
      ],
      lastAnswers: () => [{ name: 'east', lastAnswerAt: AT }],
      now: () => AT,
    });
    const mongodb = { status: 'down', reason: 'no answer', tookMs: 1500 } as const;
    const api = await createTestApi({
      deps: { health: async () => ({ ...HEALTHY, mongodb }) },
      adminReads: { overview },
    });
    const response = await api.as('operator', { url: URL, admin: true });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      at: AT.toISOString(),
      figures: null,
      reason: 'no primary',
      sources: [
        { name: 'mongodb', status: 'down', reason: 'no answer', tookMs: 1500 },
        { name: 'redis', status: 'ok', reason: null },
        { name: 'workers', status: 'ok' },
        { name: 'pool-state', status: 'ok' },
        {
          ...{ name: 'east', kind: 'docker', status: 'down', reason: 'connection refused' },
          ...{ lastAnswerAt: AT.toISOString(), toConfirm: null },
        },
        { name: 'west', status: 'ok', lastAnswerAt: null, toConfirm: 'bot-1 was last seen there' },
        {
          ...{ name: 'lost', kind: 'docker', status: 'gone', toConfirm: null },
          reason: `decided by admin:ann at ${AT.toISOString()}: it burnt`,
        },
        { name: 'north', status: 'unlisted', toConfirm: expect.stringContaining('gone for good') },
      ],
    });
  });

  test('a stuck deletion on a running system: counted, with its money, beside sources that answer', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '1000' },
    });
    const bot = await placeBot(app, 'dedicated');
    const quiet = (await asAdmin(app, 'GET', '/admin/overview')).body.figures;
    expect(quiet).toMatchObject({ stuck: 0, stuckMoney: { minor: 0, isWhole: true }, findings: 0 });
    await stuckDelete(app, bot);
    const { status, body } = await asAdmin(app, 'GET', '/admin/overview');
    expect(status).toBe(200);
    expect(body.figures).toMatchObject({
      stuck: 1,
      underWay: 0,
      open: [{ kind: 'delete-bot', state: 'stuck', count: 1 }],
      stuckMoney: { minor: 11_000, isWhole: true },
      underWayMoney: { minor: 0, isWhole: true },
      tombstones: 0,
    });
    for (const source of body.sources) {
      expect(source).toMatchObject({ status: 'ok', reason: null, tookMs: expect.any(Number) });
    }
    expect(body.sources.map(({ kind }: { kind: string }) => kind)).toContain('docker');
  });

  test('a saga that is stuck before its pivot: its state, cause and money, and what each verb would do', async () => {
    const app = await startTestApplication({
      env: { ON_STOP_FAILURE: 'hold', STOP_TIMEOUT_MS: '1000' },
    });
    const bot = await placeBot(app, 'dedicated');
    const id = await stuckDelete(app, bot);
    const list = await asAdmin(app, 'GET', '/admin/sagas?state=stuck');
    expect(list.body.sagas).toMatchObject([
      {
        jobId: id,
        kind: 'delete-bot',
        state: 'stuck',
        step: 'stop-container',
        error: { step: 'stop-container', code: 'STOP_FAILED', class: 'hold' },
        subject: bot.userId,
        key: `bot/${bot.userId}/${bot.instanceId}`,
        moneyAtRiskMinor: 11_000,
        requestedBy: 'user:uid-one',
      },
    ]);
    expect(list.body.sagas[0].ageSeconds).toBeGreaterThanOrEqual(0);
    const detail = await asAdmin(app, 'GET', `/admin/sagas/${id}`);
    expect(detail.body.captures['lock-allocation']).toMatchObject({ value: 110 });
    expect(detail.body.history.map(({ type }: { type: string }) => type)).toContain('claimed');

    const { body } = await asAdmin(app, 'GET', `/admin/sagas/${id}/plan`);
    const verbs = Object.fromEntries(
      body.verbs.map((planned: { verb: string }) => [planned.verb, planned]),
    );
    expect(verbs.retry).toMatchObject({ allowed: true });
    expect(verbs.retry.does).toEqual([
      'observe stop-container',
      'run update-pool-state',
      'run refund-wallet',
      'run write-transaction',
      'run remove-container',
      'ends completed',
    ]);
    expect(verbs.compensate.does).toEqual([
      'compensate update-pool-state',
      'compensate stop-container',
      'compensate lock-allocation',
      'ends compensated',
    ]);
    expect(verbs.skip).toMatchObject({ allowed: false });
    expect(verbs.resolve).toMatchObject({ allowed: true });
    expect(body.observations).toContainEqual({
      step: 'stop-container',
      outcome: 'absent',
      reason: null,
    });
    expect(body.moneyAtRiskMinor).toBe(11_000);
    const metrics = await readMetrics(app);
    expect(metrics).toContain('sagas_open{saga="delete-bot",phase="stuck"} 1');
    expect(metrics).toContain('stuck_money_at_risk_dollars{saga="delete-bot"} 110');
  });

  test('a bot that was paid back and is not seen gone: an open tombstone', async () => {
    const app = await startTestApplication({ env: { STOP_TIMEOUT_MS: '1000' } });
    const bot = await placeBot(app, 'dedicated');
    await injectFaults(app, bot, { refuseStop: true });
    await jobIn(app, bot.uid, await acceptDelete(app, bot), 'completed');
    const { body } = await asAdmin(app, 'GET', '/admin/overview');
    expect(body.figures).toMatchObject({ stuck: 0, tombstones: 1 });
  });

  test('a host that holds nothing where the pool state places bots: to be confirmed, until an administrator does', async () => {
    const app = await startTestApplication({ poolState: poolStateOf('uid-one') });
    const host = async () => {
      const { body } = await asAdmin(app, 'GET', '/admin/overview');
      return body.sources.find(({ kind }: { kind: string }) => kind === 'docker');
    };
    const { name, status, toConfirm } = await host();
    expect(status).toBe('ok');
    expect(toConfirm).toContain('uid-one-bot-1');
    await asAdmin(app, 'POST', `/admin/hosts/${name}/confirm`, { reason: 'a new disk' });
    expect((await host()).toConfirm).toBeNull();
  });
});
