// Bots whose programs supervisord knows under other names than the platform's, on real pools: a group, a name of its own,
// one that nobody can tell. "No such process" under the plain name is no absence (I4).

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  deleteBot,
  makeEndedDue,
  readPoolState,
  standingTombstones,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import { describeDocker, type RunningContainer, runPool, testDocker } from '../support/docker.ts';
import { createHealthChecks } from '../support/health-checks.ts';
import { syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

interface Pool {
  readonly uid: string;
  readonly app: TestApplication;
  readonly pool: RunningContainer;
  readonly bot: (n: number) => string;
  /** supervisord's words, by its own names. */
  readonly programs: () => Promise<Record<string, string>>;
}

type Files = (bot: (n: number) => string) => Readonly<Record<string, string>>;

const SLOW_MS = 120_000;
const RUN = 'command=/bin/sleep 100000\nstartsecs=0';

/** One user with three bots, each worth 110; only the third's program has its plain name.
 * @param running supervisord's names that are waited for. */
async function poolOf(
  files: Files,
  running: (bot: (n: number) => string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Pool> {
  const uid = `uid-${randomBytes(4).toString('hex')}`;
  const bot = (n: number) => `${uid}-bot-${n}`;
  const poolId = `${uid}-pool-1`;
  const containerName = `freqtrade-pool-${poolId}`;
  const createdAt = '2026-10-02T09:30:00.000Z';
  const bots = [1, 2, 3].map(bot);
  const mapping = (instanceId: string, slotIndex: number) => ({
    ...{ poolId, containerName, host: containerName, slotIndex, port: 9000 + slotIndex },
    ...{ status: 'running', instanceId, userId: uid, createdAt },
  });
  const place = { id: poolId, userId: uid, containerName, basePort: 9000, capacity: 3, bots };
  const app = await startTestApplication({
    env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${testDocker().socket}`, ...env },
    poolState: {
      pools: { [poolId]: { ...place, status: 'running', createdAt, poolDir: poolId, metrics: {} } },
      botMapping: Object.fromEntries(bots.map((id, index) => [id, mapping(id, index)])),
      nextPoolId: 2,
      updatedAt: createdAt,
    },
  });
  const held = Object.fromEntries(bots.map((id) => [id, allocation(100, 110)]));
  await putUser(app.db, { balance: 50, bots: held, firebaseUid: uid });
  const plain = { name: `bot-${bot(3)}`, command: '/bin/sleep 100000' };
  const pool = await runPool({ name: containerName, programs: [plain], files: files(bot) });
  const programs = () => programsOf(pool);
  await waitFor('the programs to run', async () => {
    const now = await programs();
    return running(bot).every((name) => now[name] === 'RUNNING');
  });
  return { uid, app, pool, bot, programs };
}

async function programsOf(pool: RunningContainer): Promise<Record<string, string>> {
  const { output } = await pool.exec(['supervisorctl', 'status']);
  const rows = output.trim().split('\n');
  return Object.fromEntries(
    rows.flatMap((row) => {
      const [name = '', state] = row.split(/\s+/);
      return state === undefined ? [] : [[name, state]];
    }),
  );
}

async function forget(app: TestApplication, instanceId: string): Promise<void> {
  const state = JSON.parse(JSON.stringify(await readPoolState(app)));
  delete state.botMapping[instanceId];
  for (const pool of Object.values<{ bots: string[] }>(state.pools)) {
    pool.bots = pool.bots.filter((id) => id !== instanceId);
  }
  await writePoolState(app, state);
}

/** The machine that runs the tests may be busy, and the API then says so. */
function deleted(app: TestApplication, uid: string, instanceId: string) {
  return waitFor('an answer to a DELETE', async () => {
    const reply = await deleteBot(app, { uid, instanceId });
    return reply.status !== 503 && reply;
  });
}

async function unfinished(app: TestApplication) {
  return (await standingTombstones(app)).filter(({ status }) => status !== 'ended');
}

const GROUPED: Files = (bot) => ({
  [`bot-${bot(1)}.conf`]: `[program:bot-${bot(1)}]\n${RUN}\n[group:live]\nprograms=bot-${bot(1)}\n`,
  [`bot-${bot(2)}.conf`]: `[program:bot-${bot(2)}]\n${RUN}\nprocess_name=main\nnumprocs=1\n`,
});
const GROUPED_NAMES = (bot: (n: number) => string) => [`live:bot-${bot(1)}`, `bot-${bot(2)}:main`];

describeDocker('programs with other names', () => {
  it(
    'a synchronisation, the list and health: all three are live, and no word says failed (I3, I4)',
    async () => {
      const { app, uid, bot, pool, programs } = await poolOf(GROUPED, GROUPED_NAMES);
      await forget(app, bot(2));
      // Its entry can only be made again with the port that it has.
      const folder = `/pool/bots/${bot(2)}`;
      const config = '{"api_server":{"listen_port":9001}}';
      const script = `mkdir -p ${folder} && echo '${config}' > ${folder}/config.json`;
      expect((await pool.exec(['sh', '-c', script])).exitCode).toBe(0);

      const synced = await syncWallet(app, uid);
      expect(synced.body.data).toMatchObject({ totalReturned: 0, skipped: [] });
      expect(synced.body.data.validAllocations.toSorted()).toEqual([1, 2, 3].map(bot));
      const listed = await app.call(uid, 'GET', '/bots');
      const verdicts = listed.body.bots.map(({ verdict }: { verdict: string }) => verdict);
      expect(verdicts).toEqual(['live', 'live', 'live']);
      const { observe } = createHealthChecks(app);
      for (let round = 0; round < 4; round += 1) {
        expect(await observe()).toMatchObject({ bots: 3, unknown: 0, restarts: 0 });
      }
      const { botMapping } = await readPoolState(app);
      expect([1, 2, 3].map((n) => botMapping[bot(n)]?.status)).toEqual(Array(3).fill('running'));
      expect((await pool.exec(['supervisorctl', 'stop', `live:bot-${bot(1)}`])).exitCode).toBe(0);
      expect((await programs())[`live:bot-${bot(1)}`]).toBe('STOPPED');
      expect((await userNamed(app, uid)).paperWallet.balance).toBe(50);
    },
    SLOW_MS,
  );

  it(
    'a group that names others, in a file of its own: stopped, told, nothing of the pool broken, and finished once it is put right (I1)',
    async () => {
      const files: Files = (bot) => ({
        ...Object.fromEntries(
          [1, 2].map((n) => [`bot-${bot(n)}.conf`, `[program:bot-${bot(n)}]\n${RUN}\n`]),
        ),
        'bot-groups.conf': `[group:live]\nprograms=${[1, 2].map((n) => `bot-${bot(n)}`).join(',')}\n`,
      });
      const names = (bot: (n: number) => string) => [1, 2].map((n) => `live:bot-${bot(n)}`);
      const { app, uid, bot, pool, programs } = await poolOf(files, names, {
        STOP_TIMEOUT_MS: '6000',
      });

      const reply = await deleted(app, uid, bot(1));

      expect(reply.body).toMatchObject({ success: true, wallet: { returned: 110 } });
      expect(reply.body.warningCodes).toContain('stop-failed');
      expect(await programs()).toMatchObject({
        [`live:bot-${bot(1)}`]: 'STOPPED',
        [`live:bot-${bot(2)}`]: 'RUNNING',
      });
      const reread = await pool.exec(['supervisorctl', 'reread']);
      expect(reread.output).not.toContain('ERROR');
      await waitFor('a person to be told what is in the way', async () => {
        await app.services.deletionPorts.tombstones.makeDue();
        const [tombstone] = await unfinished(app);
        return `${tombstone?.lastReason}`.includes('the group live in bot-groups.conf');
      });

      const mended = `printf '[group:live]\\nprograms=bot-${bot(2)}\\n' > /pool/supervisor/bot-groups.conf`;
      await pool.exec(['sh', '-c', `${mended} && supervisorctl update`]);
      await waitFor('the tombstone to end', async () => {
        await app.services.deletionPorts.tombstones.makeDue();
        return (await unfinished(app)).length === 0;
      });
      // `update` takes the old group out before it puts the bot's program in by itself: an observation in between sees it gone, and
      // the observations after the end find it (I5).
      await makeEndedDue(app);
      await waitFor('an observation after the end to stop what `update` started', async () => {
        return (await programs())[`bot-${bot(1)}`] === undefined;
      });
      expect(await programs()).toEqual({
        [`live:bot-${bot(2)}`]: 'RUNNING',
        [`bot-${bot(3)}`]: 'RUNNING',
      });
    },
    SLOW_MS,
  );
});
