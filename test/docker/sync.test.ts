// The synchronisation on real containers: the platform's own data with a real supervisord in every pool, one
// container that nobody pays for, and a Docker that goes away. Every name carries the run's own mark, so that
// other tests may use the same engine.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseUserDump, seedUsers } from '../../src/wallet/mongodb/seed-users.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { ownEntries, readPoolState } from '../support/deletions.ts';
import { describeDocker, runDedicated, runPool, testDocker } from '../support/docker.ts';
import { returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';
import { users } from '../support/users.ts';

const SLEEP = '/bin/sleep 100000';
const UIDS = /\b(anshjarvis2003|uid-[a-z]+)/g;

async function fixture(name: string, lock: string): Promise<string> {
  const text = await readFile(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
  return text.replace(UIDS, `$1${lock}`);
}

async function startMarked(lock: string, socket: string): Promise<TestApplication> {
  const app = await startTestApplication({
    env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${socket}` },
    poolState: JSON.parse(await fixture('pool-state.json', lock)),
  });
  await seedUsers(app.db, parseUserDump(await fixture('users.json', lock)));
  return app;
}

/** What the fixtures say exists in Docker. */
async function runExisting(lock: string): Promise<void> {
  const existing: {
    readonly pooled: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly dedicated: readonly string[];
  } = JSON.parse(await fixture('existing.json', lock));
  const pools = Object.entries(existing.pooled).map(([name, programs]) =>
    runPool({
      name,
      programs: Object.entries(programs).map(([program, state]) => ({
        name: program,
        command: SLEEP,
        port: 9000 + Number(program.at(-1)) - 1,
        autostart: state === 'RUNNING',
      })),
    }),
  );
  await Promise.all([...pools, ...existing.dedicated.map((name) => runDedicated({ name }))]);
}

async function moneyAndEntries(app: TestApplication) {
  const { pools, botMapping } = await readPoolState(app);
  const wallets = await users(app.db).find().sort({ _id: 1 }).toArray();
  return { pools, botMapping, wallets, ledger: await ownEntries(app) };
}

describeDocker('synchronised on real containers', () => {
  it('every user of the fixtures: as its comment says; a second run changes nothing (I12)', async () => {
    const lock = randomBytes(3).toString('hex');
    const app = await startMarked(lock, testDocker().socket);
    await runExisting(lock);
    const sync = (uid: string) => syncWallet(app, `${uid}${lock}`);

    const orphan = await sync('anshjarvis2003');
    expect(orphan.body.data).toMatchObject({ totalReturned: 1105, newWalletBalance: 18436 });
    const live = await sync('uid-live');
    const bots = [1, 2, 3].map((n) => `uid-live${lock}-bot-${n}`);
    expect(live.body.data).toMatchObject({ validAllocations: bots, cleanedBots: [] });
    expect(live.body.data.runningBots).toEqual([bots[0], bots[2]]);
    expect(live.body.data.newWalletBalance).toBe(500.25);
    const loss = await sync('uid-loss');
    expect(returnedBy(loss)).toEqual({
      [`uid-loss${lock}-bot-1`]: 0,
      [`uid-loss${lock}-bot-2`]: 40,
    });
    expect((await sync('uid-cents')).body.data.newWalletBalance).toBe(0.3);
    const stale = await sync('uid-stale');
    expect(stale.body.data).toMatchObject({ totalReturned: 812.34, newWalletBalance: 822.34 });
    const lost = await sync('uid-lost');
    expect(lost.body.data).toMatchObject({
      cleanedBots: [],
      validAllocations: [`uid-lost${lock}-bot-1`],
    });
    const bad = await sync('uid-bad');
    expect(Object.values(skippedOf(bad))).toEqual(['not-money', 'not-money']);
    const ghost = await sync('uid-ghost');
    expect(ghost.body.data).toMatchObject({
      runningBots: [`uid-ghost${lock}-bot-1`],
      cleanedBots: [],
    });

    const { pools, botMapping } = await readPoolState(app);
    expect(Object.keys(botMapping).sort()).toEqual([
      `uid-live${lock}-bot-1`,
      `uid-live${lock}-bot-2`,
      `uid-live${lock}-bot-3`,
      `uid-lost${lock}-bot-1`,
    ]);
    expect(pools[`uid-lost${lock}-pool-1`]?.bots).toEqual([`uid-lost${lock}-bot-1`]);
    expect(pools[`uid-stale${lock}-pool-1`]?.bots).toEqual([]);
    const found = await testDocker().docker.listContainers({ all: true });
    expect(found.some(({ Names }) => Names.includes(`/freqtrade-uid-ghost${lock}-bot-1`))).toBe(
      true,
    );

    const before = await moneyAndEntries(app);
    for (const uid of ['anshjarvis2003', 'uid-live', 'uid-loss', 'uid-stale', 'uid-lost']) {
      expect((await sync(uid)).body.message).toBe('Wallet is in sync with running bots');
    }
    expect(await moneyAndEntries(app)).toEqual(before);
  });
});
