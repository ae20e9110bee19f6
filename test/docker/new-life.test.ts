// A bot that is made again under the id of a deleted one, on a real pool: the platform uses ids again, and what the old
// one's tombstone names, a program of that id, is the new one's by then (I5).

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import {
  deleteBot,
  poolStateOf,
  readPoolState,
  standingTombstones,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import { describeDocker, programConf, runPool, testDocker } from '../support/docker.ts';
import { syncWallet } from '../support/syncs.ts';
import { allocation, putUser, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const SLOW_MS = 120_000;
const COMMAND = '/bin/sleep 100000';

describeDocker('an id that is used again', () => {
  it(
    'deleted, and made again with other money: the tombstone’s later looks touch nothing of it, and no sync pays it (I3, I5)',
    async () => {
      const uid = `uid-${randomBytes(4).toString('hex')}`;
      const instanceId = `${uid}-bot-2`;
      const state = poolStateOf(uid);
      const app = await startTestApplication({
        env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${testDocker().socket}` },
        poolState: state,
      });
      const bots = { [instanceId]: allocation(100, 110) };
      await putUser(app.connection, { balance: 650, bots, firebaseUid: uid });
      const ids = [1, 2, 3].map((n) => `${uid}-bot-${n}`);
      const programs = ids.map((id) => ({ name: `bot-${id}`, command: COMMAND }));
      const pool = await runPool({ name: `freqtrade-pool-${uid}-pool-1`, programs });
      const isRunning = async () => {
        const { output } = await pool.exec(['supervisorctl', 'status', `bot-${instanceId}`]);
        return /RUNNING/.test(output);
      };
      await waitFor('the bot to be deleted', async () => {
        return (await deleteBot(app, { uid, instanceId })).body.success === true;
      });
      expect(await isRunning()).toBe(false);

      // As the platform makes it: money, entry, conf file, update.
      const { allocatedAt: _old, ...fresh } = allocation(650, 650);
      await users(app.connection).updateOne(
        { firebaseUid: uid },
        {
          $set: {
            [`botAllocations.${instanceId}`]: { ...fresh, allocatedAt: new Date() },
            'paperWallet.balance': 110,
          },
        },
      );
      await writePoolState(app, state);
      const conf = programConf({ name: `bot-${instanceId}`, command: COMMAND });
      const file = `/pool/supervisor/bot-${instanceId}.conf`;
      await pool.exec(['sh', '-c', `printf '%s' '${conf}' > ${file} && supervisorctl update`]);
      await waitFor('the new bot to run', isRunning);

      const tombstones = app.connection.collection('tombstones');
      const due = { $set: { nextLookAt: new Date(0), heldUntil: null } };
      for (const status of ['ended', 'settled']) {
        await tombstones.updateMany({}, { $set: { status } });
        await tombstones.updateMany({}, due);
        await waitFor(`the ${status} one to be looked at`, async () => {
          const all = await standingTombstones(app);
          return all.every(({ nextLookAt }) => nextLookAt === null || nextLookAt > new Date(1));
        });
        expect(await isRunning()).toBe(true);
      }
      await waitFor('the tombstone to end', async () => {
        return (await standingTombstones(app)).every(({ status }) => status === 'ended');
      });
      const synced = await waitFor('an answer to a sync', async () => {
        const reply = await syncWallet(app, uid);
        return reply.status !== 503 && reply;
      });
      expect(synced.body.data).toMatchObject({ totalReturned: 0, validAllocations: [instanceId] });
      expect((await pool.exec(['ls', file])).exitCode).toBe(0);
      expect(Object.keys((await readPoolState(app)).botMapping)).toContain(instanceId);
      expect((await userNamed(app, uid)).paperWallet.balance).toBe(110);
    },
    SLOW_MS,
  );
});
