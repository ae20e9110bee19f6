// What administrators and scrapes see of reconciliation's memory, through the whole application.

import { describe, expect, it } from 'vitest';
import { createHostTrust } from '../../src/bots/hosts/host-trust.ts';
import { createMongoHostRecords } from '../../src/bots/hosts/mongo-host-records.ts';
import { toInstanceId } from '../../src/domain/ids.ts';
import { createMongoOrphanSamples } from '../../src/sync/mongodb/orphan-samples.ts';
import { createMongoSuspects } from '../../src/sync/mongodb/suspects.ts';
import { asAdmin } from '../support/admin.ts';
import { readMetrics, startTestApplication } from '../support/application.ts';
import { placeBot } from '../support/deletions.ts';

describe("reconciliation's memory", () => {
  it('an empty host: confirmed once it is empty, by name and reason, and then trusted', async () => {
    const app = await startTestApplication();
    const { db, services } = app;
    const hostRecords = createMongoHostRecords(db);
    const hostTrust = createHostTrust({
      ...services.deletionPorts,
      hostRecords,
      accounts: services.accounts,
    });
    const { signal } = new AbortController();
    const confirm = (host: string) =>
      asAdmin(app, 'POST', `/admin/hosts/${host}/confirm`, { reason: 'set up anew' });
    expect((await confirm('elsewhere')).status).toBe(404);
    await hostRecords.recordObserved('simulated', [{ instanceId: 'uid-one-bot-9', owners: [] }]);
    const judge = () => hostTrust.judge('simulated', { placedByFile: [] }, { signal });
    expect(await judge()).toMatchObject({ unknown: expect.any(String) });
    const { status, body } = await confirm('simulated');
    expect(status).toBe(200);
    expect(body).toMatchObject({ host: 'simulated', confirmedBy: 'admin:ann' });
    expect(await judge()).toBe('trusted');
    await placeBot(app, 'dedicated');
    expect((await confirm('simulated')).body).toMatchObject({
      type: 'urn:reclaim:problem:host-not-empty',
    });
    await app.world.injectFaults({ host: 'simulated' }, { unreachable: true });
    expect((await confirm('simulated')).status).toBe(503);
  });

  it("orphans over time: a user sees their own runs, an administrator everybody's", async () => {
    const app = await startTestApplication();
    const { uid, userId } = await placeBot(app, 'dedicated');
    const at = new Date().toISOString();
    const measured = { at, count: 1, valueMinor: 110_500, oldestSeconds: 60, repaired: 1 };
    const orphanSamples = createMongoOrphanSamples(app.db);
    await orphanSamples.write({ runId: 'syn-of-user', userId, ...measured });
    await orphanSamples.write({ runId: 'syn-of-all', userId: null, ...measured });
    const own = await app.call(uid, 'GET', '/orphans/history');
    expect(own.body).toEqual({ samples: [{ jobId: 'syn-of-user', ...measured }] });
    expect((await app.call(uid, 'GET', '/admin/orphans/history')).status).toBe(403);
    const all = await asAdmin(app, 'GET', '/admin/orphans/history');
    expect(all.body).toEqual({ samples: [{ jobId: 'syn-of-all', ...measured }] });
  });

  it('a scrape: what is orphaned and what waits for a person, as MongoDB has it now', async () => {
    const app = await startTestApplication();
    const { userId } = await placeBot(app, 'dedicated');
    const instanceId = toInstanceId('uid-one-bot-7');
    const scrape = () => readMetrics(app);
    expect(await scrape()).toMatch(/^orphan_allocations 0$/m);
    const suspect = { userId, instanceId, incarnationId: null, value: 1105.25, runId: 'syn-1' };
    const { mark } = createMongoSuspects(app.db);
    await mark([suspect], async () => undefined);
    await app.services.deletionPorts.findings.report({
      kind: 'id-conflict',
      userId,
      instanceId,
      discriminator: 'host',
      evidence: {},
    });
    const text = await scrape();
    expect(text).toMatch(/^orphan_allocations 1$/m);
    expect(text).toMatch(/^orphan_value_dollars 1105\.25$/m);
    expect(text).toMatch(/^orphan_oldest_seconds \d$/m);
    expect(text).toMatch(/^findings_open\{kind="id-conflict"\} 1$/m);
  });
});
