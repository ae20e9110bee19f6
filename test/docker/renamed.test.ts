// Containers that were renamed, on a real Docker: the bot is where its container's id is, and where only the rest of a name
// speaks for it nobody knows (I4).

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { NO_POOLS } from '../fakes/pool-states.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  deleteBot,
  poolStateOf,
  readPoolState,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import {
  describeDocker,
  removeAtEnd,
  runDedicated,
  runPool,
  testDocker,
} from '../support/docker.ts';
import { skippedOf, syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const SLOW_MS = 120_000;
const LEFT = '0123456789ab_';

function newUid(): string {
  return `uid-${randomBytes(4).toString('hex')}`;
}

async function start(uid: string, env: Readonly<Record<string, string>> = {}) {
  const app = await startTestApplication({
    env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${testDocker().socket}`, ...env },
    poolState: NO_POOLS,
  });
  const bots = { [`${uid}-bot-1`]: allocation(300, 300) };
  await putUser(app.db, { balance: 50, bots, firebaseUid: uid });
  return app;
}

/** The machine that runs the tests may be busy, and the API then says so. */
function answered(ask: () => ReturnType<TestApplication['call']>) {
  return waitFor('an answer', async () => {
    const reply = await ask();
    return reply.status !== 503 && reply;
  });
}

const sync = (app: TestApplication, uid: string) => answered(() => syncWallet(app, uid));

async function verdicts(app: TestApplication, uid: string): Promise<readonly string[]> {
  const listed = await answered(() => app.call(uid, 'GET', '/bots'));
  return listed.body.bots.map(({ verdict }: { verdict: string }) => verdict);
}

async function isThere(id: string): Promise<boolean> {
  const found = await testDocker().docker.listContainers({ all: true });
  return found.some(({ Id }) => Id === id);
}

/** Gone with the test whatever it is called by then. */
function kept<Container extends { readonly id: string }>(container: Container): Container {
  removeAtEnd(container.id);
  return container;
}

describeDocker('a renamed container', () => {
  it(
    'of a bot that was seen before: live to every observation whatever it is called, stopped and removed by DELETE (I3, I4)',
    async () => {
      const uid = newUid();
      const app = await start(uid);
      const bot = kept(await runDedicated({ name: `freqtrade-${uid}-bot-1` }));
      expect((await sync(app, uid)).body.data).toMatchObject({ totalReturned: 0 });

      for (const name of [`${LEFT}freqtrade-${uid}-bot-1`, `anything-${uid.slice(4)}`]) {
        await bot.container.rename({ name });
        const synced = await sync(app, uid);
        expect(synced.body.data).toMatchObject({
          totalReturned: 0,
          skipped: [],
          validAllocations: [`${uid}-bot-1`],
        });
        expect(await verdicts(app, uid)).toEqual(['live']);
      }
      const reply = await answered(() => deleteBot(app, { uid, instanceId: `${uid}-bot-1` }));

      expect(reply.body).toMatchObject({ success: true, wallet: { returned: 300 } });
      expect(reply.body.warnings).toBeUndefined();
      expect(await isThere(bot.id)).toBe(false);
      expect(
        await app.db
          .collection('knownContainers')
          .countDocuments({ host: 'test', instanceId: `${uid}-bot-1` }),
      ).toBe(0);
    },
    SLOW_MS,
  );

  it(
    'made again under its name with a new id: live by its name, and the old id is forgotten',
    async () => {
      const uid = newUid();
      const app = await start(uid);
      const name = `freqtrade-${uid}-bot-1`;
      // A host that holds nothing at all would not be believed.
      await runDedicated({ name: `freqtrade-neighbour-${uid}` });
      const first = kept(await runDedicated({ name }));
      await sync(app, uid);
      await first.container.remove({ force: true });
      const second = kept(await runDedicated({ name }));
      expect((await sync(app, uid)).body.data).toMatchObject({ skipped: [], totalReturned: 0 });
      const known = await app.db
        .collection('knownContainers')
        .find({ instanceId: `${uid}-bot-1` })
        .toArray();
      expect(known.map(({ containerId }) => containerId)).toEqual([second.id]);
      await second.container.remove({ force: true });
      expect((await sync(app, uid)).body.data).toMatchObject({ totalReturned: 300 });
    },
    SLOW_MS,
  );

  it(
    'of a pool: its bots are live where they were seen before, and unknown where not; DELETE stops them in it (I4)',
    async () => {
      const uid = newUid();
      const app = await start(uid);
      const ids = [1, 2, 3].map((n) => `${uid}-bot-${n}`);
      const [first = ''] = ids;
      const programs = ids.map((id) => ({ name: `bot-${id}`, command: '/bin/sleep 100000' }));
      const pool = kept(await runPool({ name: `freqtrade-pool-${uid}-pool-1`, programs }));
      await pool.container.rename({ name: `${LEFT}freqtrade-pool-${uid}-pool-1` });
      expect(skippedOf(await sync(app, uid))).toEqual({ [first]: 'unknown' });
      await pool.container.rename({ name: `freqtrade-pool-${uid}-pool-1` });
      await writePoolState(app, poolStateOf(uid));
      expect((await sync(app, uid)).body.data).toMatchObject({ skipped: [] });
      await pool.container.rename({ name: `${LEFT}freqtrade-pool-${uid}-pool-1` });

      expect((await sync(app, uid)).body.data).toMatchObject({ skipped: [], totalReturned: 0 });
      const reply = await answered(() => deleteBot(app, { uid, instanceId: first }));

      expect(reply.body).toMatchObject({ success: true, wallet: { returned: 300 } });
      expect(reply.body.warnings).toBeUndefined();
      const { output } = await pool.exec(['supervisorctl', 'status']);
      expect(output).not.toContain(`${first} `);
      expect(output).toContain(ids[1]);
      expect(Object.keys((await readPoolState(app)).botMapping)).not.toContain(first);
      expect((await userNamed(app, uid)).paperWallet.balance).toBe(350);
    },
    SLOW_MS,
  );
});
