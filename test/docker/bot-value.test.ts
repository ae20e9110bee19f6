// What a deletion pays for bots in real containers: their configuration is read out of the container, and the API that it
// names is asked before the bot is stopped.

import { expect, it, onTestFinished } from 'vitest';
import { createDockerBots } from '../../src/bots/docker/docker-bots.ts';
import { call } from '../contracts/bots.ts';
import { startTestApplication } from '../support/application.ts';
import { poolStateOf } from '../support/deletions.ts';
import {
  describeDocker,
  type PoolProgram,
  programConf,
  type RunningContainer,
  runPool,
  testDocker,
} from '../support/docker.ts';
import { botConfig, type FreqtradeApi, startFreqtradeApi } from '../support/freqtrade-api.ts';
import { allocation, putUser, readUser } from '../support/users.ts';

const UID = 'uid-value';
const INSTANCE = `${UID}-bot-1`;
const POOL = `freqtrade-pool-${UID}-pool-1`;

const SLEEP = '/bin/sleep 100000';
const NEIGHBOUR = `${UID}-bot-2`;

/** The pool of one bot of 1000, as the platform's mapping places it: its API is this machine's.
 * @param neighbours further programs of the pool. */
async function place(api: FreqtradeApi, neighbours: readonly PoolProgram[] = []) {
  const { pools, botMapping, ...rest } = poolStateOf(UID);
  const poolId = `${UID}-pool-1`;
  const mapping = { ...botMapping[INSTANCE], host: '127.0.0.1', port: api.port };
  const app = await startTestApplication({
    env: {
      BOT_RUNTIME: 'docker',
      BOT_VALUE: 'bot',
      DOCKER_HOSTS: `test=unix://${testDocker().socket}`,
    },
    poolState: {
      ...rest,
      pools: { [poolId]: { ...pools[poolId], bots: [INSTANCE] } },
      botMapping: { [INSTANCE]: mapping },
    } as ReturnType<typeof poolStateOf>,
  });
  const bots = { [INSTANCE]: allocation(1000, 1000) };
  const userId = await putUser(app.db, { balance: 500, bots, firebaseUid: UID });
  const pool = await runPool({
    name: POOL,
    programs: [{ name: `bot-${INSTANCE}`, command: SLEEP }, ...neighbours],
  });
  return { app, userId, pool };
}

async function writeConfig(
  pool: RunningContainer,
  config: object,
  folder = `/pool/bots/${INSTANCE}`,
): Promise<void> {
  const text = JSON.stringify(config);
  const line = `mkdir -p '${folder}' && printf '%s' '${text}' > '${folder}/config.json'`;
  expect(await pool.exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
}

describeDocker('the value of a bot in a real container', () => {
  it('allocation 1000/1000, its API says 400: 400 returned, P&L -600, asked before the stop', async () => {
    const api = await startFreqtradeApi(400);
    const { app, userId, pool } = await place(api);
    await writeConfig(pool, botConfig(api.port));
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body).toMatchObject({
      success: true,
      wallet: { previousBalance: 500, newBalance: 900, returned: 400, pnl: -600 },
    });
    expect(reply.body.warnings).toBeUndefined();
    expect(api.asked).toEqual(['GET /api/v1/balance', 'GET /api/v1/balance']);
    const user = await readUser(app.db, userId);
    expect(user.walletTransactions.at(-1)).toMatchObject({ amount: 400, valueSource: 'bot' });
  });

  it('it makes 34.56 between the lock and the stop: the later word is paid', async () => {
    const totals = [1200, 1234.56];
    const api = await startFreqtradeApi();
    api.answer = (reply) => reply.end(JSON.stringify({ total: totals.shift(), stake: 'USD' }));
    const { app, pool } = await place(api);
    await writeConfig(pool, botConfig(api.port));
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 1234.56, pnl: 234.56 });
  });

  it('it answers at the lock, and not again: the first word is paid', async () => {
    const totals = [400];
    const api = await startFreqtradeApi();
    api.answer = (reply) => {
      const total = totals.shift();
      if (total === undefined) reply.writeHead(500).end();
      else reply.end(JSON.stringify({ total, stake: 'USD' }));
    };
    const { app, pool } = await place(api);
    await writeConfig(pool, botConfig(api.port));
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 400, pnl: -600 });
  });

  it('a link in place of its configuration: not followed, the stored value, a warning', async () => {
    const api = await startFreqtradeApi(400);
    const { app, pool } = await place(api);
    const folder = `/pool/bots/${INSTANCE}`;
    const line = `mkdir -p '${folder}' && ln -s /etc/hostname '${folder}/config.json'`;
    expect(await pool.exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 1000, pnl: 0 });
    const { body } = await app.call(UID, 'GET', `/jobs/${reply.body.jobId}`);
    expect(body.warnings).toMatchObject([{ code: 'value-not-live' }]);
    expect(api.asked).toEqual([]);
  });

  it('a running neighbour names the same port: whose word it is cannot be known, the stored value', async () => {
    const api = await startFreqtradeApi(400);
    const neighbour = { name: `bot-${NEIGHBOUR}`, command: SLEEP, port: api.port };
    const { app, pool } = await place(api, [neighbour]);
    await writeConfig(pool, botConfig(api.port));
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 1000, pnl: 0 });
    const { body } = await app.call(UID, 'GET', `/jobs/${reply.body.jobId}`);
    expect(body.warnings).toMatchObject([{ code: 'value-not-live' }]);
    expect(api.asked).toEqual([]);
  });

  it('a neighbour that was stopped named the same port: nothing else listens there, its word is paid', async () => {
    const api = await startFreqtradeApi(400);
    const neighbour = { name: `bot-${NEIGHBOUR}`, command: SLEEP, port: api.port };
    const { app, pool } = await place(api, [{ ...neighbour, autostart: false }]);
    await writeConfig(pool, botConfig(api.port));
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 400, pnl: -600 });
  });

  it('its program runs with another port than its configuration names: that one may be another bot’s', async () => {
    const api = await startFreqtradeApi(400);
    const { app, pool } = await place(api);
    await writeConfig(pool, botConfig(api.port));
    const conf = programConf({ name: `bot-${INSTANCE}`, command: SLEEP });
    const text = `${conf}environment=FREQTRADE__API_SERVER__LISTEN_PORT="9007"`;
    const line = `printf '%s\n' '${text}' > /pool/supervisor/bot-${INSTANCE}.conf`;
    expect(await pool.exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 1000, pnl: 0 });
    expect(api.asked).toEqual([]);
  });

  it('bots kept in another folder: the one reader of a configuration finds it for its address as well', async () => {
    const bots = createDockerBots({
      hosts: [{ name: 'test', options: { socketPath: testDocker().socket } }],
      now: () => new Date(),
      botProgram: { botsDir: '/srv/bots' },
    });
    onTestFinished(() => bots.close());
    const program = { name: `bot-${INSTANCE}`, command: '/bin/sleep 100000' };
    const pool = await runPool({ name: POOL, programs: [program] });
    await writeConfig(pool, botConfig(9_007), `/srv/bots/${INSTANCE}`);
    const query = { instanceId: INSTANCE, firebaseUid: UID, poolContainers: [] };
    const located = await bots.locate(query, call());
    const [observed] = located.status === 'ok' ? located.items : [];
    if (observed?.kind !== 'pooled') throw new Error('it is in no pool');
    expect((await bots.readEndpoint(INSTANCE, observed, call())).config).toMatchObject(
      botConfig(9_007),
    );
    expect(await bots.readPort(INSTANCE, observed, call())).toMatchObject({
      items: { port: 9_007 },
    });
  });

  it('a configuration larger than any: not read, the stored value', async () => {
    const api = await startFreqtradeApi(400);
    const { app, pool } = await place(api);
    await writeConfig(pool, botConfig(api.port));
    const file = `/pool/bots/${INSTANCE}/config.json`;
    const line = `head -c 2000000 /dev/zero | tr '\\0' ' ' >> '${file}'`;
    expect(await pool.exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
    const reply = await app.call(UID, 'DELETE', `/bots/${INSTANCE}`, { prefer: 'wait=30' });
    expect(reply.body.wallet).toMatchObject({ returned: 1000, pnl: 0 });
    expect(api.asked).toEqual([]);
  });
});
