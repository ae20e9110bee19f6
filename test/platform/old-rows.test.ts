// A pool state with rows of older platform versions, and with one that nobody can read: each row that cannot be read hides
// its own bot, and everybody else is served (I4).

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { deleteBot, findingsOf, readPoolState, writePoolState } from '../support/deletions.ts';
import { createHealthChecks } from '../support/health-checks.ts';
import { returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';
import { createPlatform } from './stand-in/platform.ts';

it('rows that lack what old versions did not write, and one without a port: all but its own bot are served', async () => {
  const app = await startTestApplication({
    env: { POOL_STATE: 'file', SYNC_YOUNG_SECONDS: '0' },
  });
  const platform = createPlatform(app, { omits: ['host', 'userId', 'poolDir'] });
  const live = await platform.place({ uid: 'uid-old' });
  const orphan = await platform.place({ uid: 'uid-two' });
  const hidden = await platform.place({ uid: 'uid-odd' });
  const written = await readPoolState(app);
  const odd = { ...written.botMapping[hidden.instanceId], port: 'nine' };
  await writePoolState(app, {
    ...written,
    botMapping: { ...written.botMapping, [hidden.instanceId]: odd },
  } as typeof written);
  // Its newest version keeps such rows as they are.
  const newest = createPlatform(app);
  await newest.restart();
  await newest.remove(orphan.instanceId);
  await newest.programs.remove(newest.slotOf(hidden.instanceId));

  expect(returnedBy(await syncWallet(app, orphan.uid))).toEqual({ [orphan.instanceId]: 100 });
  expect(skippedOf(await syncWallet(app, hidden.uid))).toEqual({
    [hidden.instanceId]: 'unknown',
  });
  await createHealthChecks(app).round();
  expect(await findingsOf(app, 'unreadable-row')).toMatchObject([
    { instanceId: hidden.instanceId, evidence: { reason: expect.stringMatching(/port is not/) } },
  ]);
  const deleted = await deleteBot(app, live);
  expect(deleted.body).toMatchObject({ success: true, wallet: { returned: 110 } });
  expect(deleted.body.warnings).toBeUndefined();
  const after = await readPoolState(app);
  expect(after.botMapping[hidden.instanceId]).toEqual(odd);
  expect(after.botMapping).not.toHaveProperty([live.instanceId]);
  expect(after.pools['uid-old-pool-1']?.bots).not.toContain(live.instanceId);
  expect(after.pools['uid-old-pool-1']).not.toHaveProperty('userId');
});
