// The first start beside a platform that exists: what the database's user may not do is a sentence, and nothing is paid
// that nobody asked for, until an administrator has seen the first report and confirmed it (I4).

import { describe, expect, it } from 'vitest';
import { asAdmin } from '../support/admin.ts';
import {
  forgetStarts,
  startBeside,
  startTestApplication,
  type TestApplication,
} from '../support/application.ts';
import { allOf, deleteBot, ownEntries, userNamed } from '../support/deletions.ts';
import { startGuardedMongodb } from '../support/guarded-mongodb.ts';
import { orphanOf } from '../support/syncs.ts';
import { waitFor } from '../support/wait-for.ts';
import { createPlatform } from './stand-in/platform.ts';

const UID = 'uid-orphan';
const TEST_TIMEOUT_MS = 60_000;

/** A platform with one bot that lives and one that is nowhere, and our first start beside it. */
async function startBesidePlatform() {
  const app = await startTestApplication({ env: { WORKERS: 'none' } });
  const platform = createPlatform(app);
  await platform.place({ uid: 'uid-lives' });
  await platform.remove((await platform.place({ uid: UID })).instanceId);
  await forgetStarts(app);
  const over = { WORKERS: 'inline', SYNC_EVERY_MINUTES: '60', SYNC_YOUNG_SECONDS: '0' };
  const { url, services } = await startBeside(app, over);
  const openPage = async () => {
    const headers = { authorization: `Bearer ${await app.token(UID)}` };
    const path = '/api/freqtrade/sync-wallet?passive=true';
    const response = await fetch(`${url}${path}`, { method: 'POST', headers });
    return { status: response.status, body: await response.json() };
  };
  return { app: { ...app, url }, services, openPage };
}

const runsOver = async (app: TestApplication) =>
  (await allOf(app, 'sagas')).filter(({ kind }) => kind === 'sync-all');

const openFindings = async (app: TestApplication) =>
  (await asAdmin(app, 'GET', '/admin/findings?kind=unconfirmed-start')).body.findings;

describe('a first start beside a platform', () => {
  it('its runs only observe, until an administrator has confirmed the first report', async () => {
    const { app, services, openPage } = await startBesidePlatform();
    const first = await waitFor('the run after the start', async () => {
      const [run] = await runsOver(app);
      return run?.state.phase === 'completed' && run;
    });
    expect(first).toMatchObject({ requestedBy: 'system:start', input: { dryRun: true } });
    expect(first.result).toMatchObject({ dryRun: true, orphans: 1, orphanValue: 100 });
    const finding = await waitFor('the finding', async () => {
      const [found] = await openFindings(app);
      return found?.evidence.report === first._id && found;
    });

    const observe = await openPage();
    expect(observe).toMatchObject({ status: 200, body: { dryRun: true } });
    expect((await allOf(app, 'sagas')).map(({ kind }) => kind)).toEqual(['sync-all']);
    expect(await ownEntries(app)).toEqual([]);
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(50);

    const path = `/admin/findings/${finding.id}/resolve`;
    const body = { action: 'acknowledge', reason: 'the report is right' };
    expect((await asAdmin(app, 'POST', path, body)).status).toBe(200);
    expect(await openFindings(app)).toEqual([]);

    expect((await openPage()).status).toBe(202);
    await services.firstReport.startPassive('system:clock');
    const again = (await runsOver(app)).filter(({ requestedBy }) => requestedBy === 'system:clock');
    expect(again).toEqual([
      expect.objectContaining({ input: expect.objectContaining({ dryRun: false }) }),
    ]);
    expect(await openFindings(app)).toEqual([]);
  });

  it('what a person asks for is done: Sync Wallet pays before anything is confirmed', async () => {
    const { app } = await startBesidePlatform();
    const headers = { authorization: `Bearer ${await app.token(UID)}`, prefer: 'wait=30' };
    const response = await fetch(`${app.url}/api/freqtrade/sync-wallet`, {
      method: 'POST',
      headers,
    });
    expect(await response.json()).toMatchObject({ data: { totalReturned: 100 } });
  });

  it('a database without allocations: nothing is to be confirmed', async () => {
    const app = await startTestApplication();
    await orphanOf(app, UID);
    expect(await app.services.firstReport.isConfirmed()).toBe(true);
    const { status, body } = await asAdmin(app, 'GET', '/admin/findings');
    expect({ status, body }).toMatchObject({ status: 200, body: { findings: [] } });
  });
});

describe('a MongoDB user who may only read and write', () => {
  it(
    'the start ends with what is missing; without the validator it goes on, and deletes',
    async () => {
      const { uri, rootUri } = await startGuardedMongodb();
      const start = (env: Record<string, string>) =>
        startTestApplication({ serverUri: rootUri, mongodbUri: uri, env });
      await expect(start({})).rejects.toThrow(/collMod.*dbAdmin.*USERS_VALIDATOR=off/);
      const app = await start({ USERS_VALIDATOR: 'off' });
      const schema = app.services.migration.constraints.find(
        ({ constraint }) => constraint === 'users.schema',
      );
      expect(schema?.status).toBe('missing');
      const bot = await createPlatform(app).place();
      const { status, body } = await deleteBot(app, bot);
      expect({ status, body }).toMatchObject({ status: 200, body: { wallet: { returned: 110 } } });
    },
    TEST_TIMEOUT_MS,
  );
});
