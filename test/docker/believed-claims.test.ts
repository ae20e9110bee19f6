// The pool state file is written by others, and not all that it says is so: a container that it calls a pool is somebody's
// database, a bot that it gives to one user is another's. On real containers, whose events tell what was done to them.

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import { deleteBot, poolStateOf, readPoolState } from '../support/deletions.ts';
import {
  describeDocker,
  type RunningContainer,
  runDedicated,
  runPool,
  testDocker,
} from '../support/docker.ts';
import { createHealthChecks } from '../support/health-checks.ts';
import { returnedBy, skippedOf, syncWallet } from '../support/syncs.ts';
import { allocation, putUser, readUser } from '../support/users.ts';

const SLEEP = '/bin/sleep 100000';

interface Cast {
  readonly loss: string;
  readonly live: string;
  readonly decoy: string;
}

function castOf(): Cast {
  const lock = randomBytes(3).toString('hex');
  return { loss: `uid-loss${lock}`, live: `uid-live${lock}`, decoy: `company-postgres-${lock}` };
}

function start(poolState: PoolState): Promise<TestApplication> {
  const DOCKER_HOSTS = `test=unix://${testDocker().socket}`;
  return startTestApplication({ env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS }, poolState });
}

/** One pool of this user, which lists bot 2, mapped to it. */
function stateOf(uid: string, containerName = `freqtrade-pool-${uid}-pool-1`): PoolState {
  const { pools, botMapping, ...rest } = poolStateOf(uid);
  const [poolId, bot] = [`${uid}-pool-1`, `${uid}-bot-2`];
  const pool = pools[poolId];
  const mapping = botMapping[bot];
  if (pool === undefined || mapping === undefined) throw new Error('no such sample');
  return {
    ...rest,
    pools: { [poolId]: { ...pool, containerName, bots: [bot] } },
    botMapping: { [bot]: { ...mapping, containerName } },
  };
}

function runLive(uid: string): Promise<RunningContainer> {
  return runPool({
    name: `freqtrade-pool-${uid}-pool-1`,
    programs: [{ name: `bot-${uid}-bot-2`, command: SLEEP }],
  });
}

function putOwner(app: TestApplication, uid: string, id = `${uid}-bot-2`) {
  const bots = { [id]: allocation(100, 110) };
  return putUser(app.db, { balance: 50, bots, firebaseUid: uid });
}

/** The state in which the bot of `live` is said to be `loss`'s. */
function stolen({ live, loss }: Cast): PoolState {
  const state = stateOf(live);
  const bot = `${live}-bot-2`;
  const mapping = state.botMapping[bot];
  if (mapping === undefined) throw new Error('no such mapping');
  return { ...state, botMapping: { [bot]: { ...mapping, userId: loss } } };
}

async function programOf({ exec }: RunningContainer, bot: string): Promise<string> {
  const { output } = await exec(['supervisorctl', 'status', `bot-${bot}`]);
  return output.trim().split(/\s+/)[1] ?? '';
}

function conflicts({ db }: TestApplication) {
  return db.collection('findings').find({ kind: 'id-conflict' }).toArray();
}

/** What was done to a container since a moment, by Docker's own events. */
async function doneTo(id: string, sinceMs: number): Promise<readonly string[]> {
  const stream = await testDocker().docker.getEvents({
    since: Math.floor(sinceMs / 1_000),
    until: Math.ceil(Date.now() / 1_000) + 1,
    filters: { container: [id] },
  });
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): { Action: string; timeNano: number } => JSON.parse(line))
    .filter(({ timeNano }) => timeNano / 1e6 > sinceMs)
    .map(({ Action }) => Action);
}

describeDocker('what the pool state file claims', () => {
  it('a pool that is another program’s database: never spoken to, on no road; reported, and its bot is not paid back unasked', async () => {
    const cast = castOf();
    const { loss, decoy } = cast;
    const bot = `${loss}-bot-2`;
    const database = await runPool({
      name: decoy,
      programs: [{ name: `bot-${bot}`, command: SLEEP }],
    });
    await runDedicated({ name: `freqtrade-${loss}-bot-9` });
    const sinceMs = Date.now();
    const app = await start(stateOf(loss, decoy));
    const userId = await putOwner(app, loss);

    expect(skippedOf(await syncWallet(app, loss))).toEqual({ [bot]: 'unknown' });
    await createHealthChecks(app).round();
    const order = { botName: 'new', allocatedAmount: 10 };
    const provision = await app.call(loss, 'POST', '/provision', { prefer: 'wait=20' }, order);
    expect(provision.status).toBe(409);
    expect((await app.call(loss, 'GET', '/bots')).status).toBe(200);
    expect((await readUser(app.db, userId)).paperWallet.balance).toBe(50);
    expect(await conflicts(app)).toEqual(
      expect.arrayContaining([expect.objectContaining({ userId: String(userId) })]),
    );

    const deleted = await deleteBot(app, { uid: loss, instanceId: bot });
    expect(deleted.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(await doneTo(database.id, sinceMs)).toEqual([]);
    expect(await programOf(database, bot)).toBe('RUNNING');
  });

  it('another user’s bot as one’s own: 404, the victim’s program runs on, reported; the victim deletes it', async () => {
    const cast = castOf();
    const { live, loss } = cast;
    const bot = `${live}-bot-2`;
    const pool = await runLive(live);
    const app = await start(stolen(cast));
    const victim = await putOwner(app, live);
    await putUser(app.db, { balance: 7, bots: {}, firebaseUid: loss });

    expect((await deleteBot(app, { uid: loss, instanceId: bot })).status).toBe(404);
    expect((await syncWallet(app, loss)).body.data.cleanedBots).toEqual([]);
    expect(returnedBy(await syncWallet(app, live))).toEqual({});
    await createHealthChecks(app).round();
    expect(await programOf(pool, bot)).toBe('RUNNING');
    expect((await readPoolState(app)).botMapping).toHaveProperty([bot]);
    expect(await conflicts(app)).not.toEqual([]);

    const deleted = await deleteBot(app, { uid: live, instanceId: bot });
    expect(deleted.body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect((await readUser(app.db, victim)).paperWallet.balance).toBe(160);
    expect(await programOf(pool, bot)).not.toBe('RUNNING');
  });
});
