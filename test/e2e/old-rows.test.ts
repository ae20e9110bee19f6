// A pool state with rows of older platform versions, and with one that nobody can read: each row that cannot be read hides
// its own bot, and everybody else is served (I4).

import { expect, it } from 'vitest';
import type { PoolState } from '../../src/domain/pool-state.ts';
import { startTestApplication } from '../support/application.ts';
import {
  deleteBot,
  findingsOf,
  placeBot,
  poolStateOf,
  readPoolState,
  writePoolState,
} from '../support/deletions.ts';
import { createLooks } from '../support/looks.ts';
import { orphanOf, returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';

const NO_POOLS: PoolState = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' };

it('rows that lack what old versions did not write, and one without a port: all but its own bot are served', async () => {
  const app = await startTestApplication({ env: { POOL_STATE: 'file' }, poolState: NO_POOLS });
  const live = await placeBot(app, 'pooled', { uid: 'uid-old' });
  const orphan = await orphanOf(app, 'uid-two');
  const hidden = await orphanOf(app, 'uid-odd');
  const { pools, botMapping } = await readPoolState(app);
  const odd = poolStateOf('uid-odd').botMapping[hidden.instanceId];
  const old = JSON.parse(JSON.stringify({ pools, botMapping }), (key, value) =>
    key === 'host' || key === 'poolDir' ? undefined : value,
  );
  for (const pool of Object.values<Record<string, unknown>>(old.pools)) delete pool.userId;
  await writePoolState(app, {
    ...old,
    botMapping: { ...old.botMapping, [hidden.instanceId]: { ...odd, port: 'nine' } },
  });

  expect(returnedBy(await syncWallet(app, orphan.uid))).toEqual({ [orphan.instanceId]: 110 });
  expect(skippedOf(await syncWallet(app, hidden.uid))).toEqual({
    [hidden.instanceId]: 'unknown',
  });
  await createLooks(app).round();
  expect(await findingsOf(app, 'unreadable-row')).toMatchObject([
    { instanceId: hidden.instanceId, evidence: { reason: expect.stringMatching(/port is not/) } },
  ]);
  const deleted = await deleteBot(app, live);
  expect(deleted.body).toMatchObject({ success: true, wallet: { returned: 110 } });
  expect(deleted.body.warnings).toBeUndefined();
  const after = await readPoolState(app);
  expect(after.botMapping[hidden.instanceId]).toEqual({ ...odd, port: 'nine' });
  expect(after.botMapping).not.toHaveProperty([live.instanceId]);
  expect(after.pools['uid-old-pool-1']?.bots).not.toContain(live.instanceId);
  expect(after.pools['uid-old-pool-1']).not.toHaveProperty('userId');
});
