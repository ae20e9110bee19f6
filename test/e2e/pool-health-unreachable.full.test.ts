// A restart that could not be tried: what had to be asked did not answer for as long as it may try.

import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { placeBot } from '../support/deletions.ts';
import { createHealthChecks } from '../support/health-checks.ts';

const MINUTE_MS = 60_000;
const MUTE = 'freqtrade-pool-uid-one-pool-2';

it('another pool of its owner does not answer: no restart is used up, and when it does the bot is started', async () => {
  const app = await startTestApplication();
  const { uid, instanceId } = await placeBot(app, 'pooled');
  await app.world.setProgram(instanceId, 'FATAL');
  await app.world.addPool({ containerName: MUTE });
  await app.world.setPool(MUTE, { supervisord: 'dead' });
  const { observe, pass } = createHealthChecks(app);
  const restarts: number[] = [];
  for (let round = 0; round < 3; round += 1) restarts.push((await observe()).restarts);
  expect(restarts).toEqual([0, 0, 1]);
  const healthOf = async () => {
    const { body } = await app.call(uid, 'GET', '/bots');
    return body.bots.find((bot: { instanceId: string }) => bot.instanceId === instanceId).health;
  };
  expect(await healthOf()).toMatchObject({
    state: 'failed',
    restarts: 0,
    lastEvent: { type: 'restart-failed' },
  });
  await app.world.setPool(MUTE, { supervisord: 'up' });
  // Its cooldown stands.
  expect((await observe()).restarts).toBe(0);
  pass(MINUTE_MS);
  expect((await observe()).restarts).toBe(1);
  const { pooled } = await app.world.snapshot();
  expect(pooled.find((bot) => bot.instanceId === instanceId)?.program).toBe('RUNNING');
  expect(await healthOf()).toMatchObject({ restarts: 1 });
});
