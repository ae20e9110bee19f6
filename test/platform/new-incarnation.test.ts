// A bot that is made again under the id of a deleted one, on a real pool: the platform uses ids again, and what the old
// one's tombstone names, a program of that id, is the new one's by then (I5).

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { checkedAs, standingTombstones, userNamed } from '../support/deletions.ts';
import { describeDocker, testDocker } from '../support/docker.ts';
import { syncWallet } from '../support/syncs.ts';
import { waitFor } from '../support/wait-for.ts';
import { createPlatform } from './stand-in/platform.ts';
import { dockerPrograms } from './stand-in/programs.ts';

const SLOW_MS = 120_000;

describeDocker('an id that is used again', () => {
  it(
    'deleted, and made again with other money: the tombstone’s later observations touch nothing of it, and no sync pays it (I3, I5)',
    async () => {
      const uid = `uid-${randomBytes(4).toString('hex')}`;
      const app = await startTestApplication({
        env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${testDocker().socket}` },
      });
      const platform = createPlatform(app, { programs: dockerPrograms() });
      await platform.place({ uid, balance: 860 });
      const bot = await platform.place({ uid });
      const slot = platform.slotOf(bot.instanceId);
      const word = () => platform.programs.status(slot);
      // Its monitor, which restarts what has stopped, goes round all the while.
      await waitFor('the bot to be deleted', async () => {
        const { status } = await app.call(uid, 'DELETE', `/bots/${bot.instanceId}`);
        await platform.monitor();
        return status === 200;
      });
      await platform.monitor();
      expect(await word()).toBeNull();

      // Its clean-up frees the number, and its page proposes it again.
      expect(await platform.cleanUp(uid)).toEqual([bot.instanceId]);
      expect(platform.nextId(uid)).toBe(bot.instanceId);
      await platform.provision(uid, bot.instanceId, 650);
      const { balance } = (await userNamed(app, uid)).paperWallet;

      for (const status of ['ended', 'settled'] as const) {
        await checkedAs(app, status);
        expect(await word()).toBe('RUNNING');
      }
      await waitFor('the tombstone to end', async () => {
        return (await standingTombstones(app)).every(({ status }) => status === 'ended');
      });
      const synced = await waitFor('an answer to a sync', async () => {
        const reply = await syncWallet(app, uid);
        return reply.status !== 503 && reply;
      });
      expect(synced.body.data.totalReturned).toBe(0);
      expect(synced.body.data.validAllocations).toContain(bot.instanceId);
      await platform.restart();
      expect(platform.slotOf(bot.instanceId)).toMatchObject({ status: 'running' });
      expect((await userNamed(app, uid)).paperWallet.balance).toBe(balance);
    },
    SLOW_MS,
  );
});
