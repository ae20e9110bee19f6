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
import { botConfig, startFreqtradeApi } from '../support/freqtrade-api.ts';
import { allocation, putUser, readUser } from '../support/users.ts';

const UID = 'uid-value';
const bot = (n: number) => `${UID}-bot-${n}`;
const INSTANCE = bot(1);
const POOL_ID = `${UID}-pool-1`;
const POOL = `freqtrade-pool-${POOL_ID}`;

const SLEEP = '/bin/sleep 100000';

/** A pool with bots of 1000 each, as the platform's mapping places them: their APIs are this machine's.
 * @param ports by bot.
 * @param neighbours further programs of the pool. */
async function place(
  ports: Readonly<Record<string, number>>,
  neighbours: readonly PoolProgram[] = [],
) {
  const { pools, botMapping, ...rest } = poolStateOf(UID);
  const [pool, mapping] = [pools[POOL_ID], botMapping[INSTANCE]];
  if (pool === undefined || mapping === undefined) throw new Error('no such sample');
  const ids = Object.keys(ports);
  const app = await startTestApplication({
    env: {
      BOT_RUNTIME: 'docker',
      BOT_VALUE: 'bot',
      DOCKER_HOSTS: `test=unix://${testDocker().socket}`,
    },
    poolState: {
      ...rest,
      pools: { [POOL_ID]: { ...pool, capacity: ids.length, bots: ids } },
      botMapping: Object.fromEntries(
        Object.entries(ports).map(([instanceId, port], slotIndex) => [
          instanceId,
          { ...mapping, instanceId, host: '127.0.0.1', port, slotIndex },
        ]),
      ),
    },
  });
  const bots = Object.fromEntries(ids.map((id) => [id, allocation(1000, 1000)]));
  const userId = await putUser(app.db, { balance: 500, bots, firebaseUid: UID });
  const programs = ids.map((id) => ({ name: `bot-${id}`, command: SLEEP }));
  const container = await runPool({ name: POOL, programs: [...programs, ...neighbours] });
  return { app, userId, pool: container };
}

async function run({ exec }: RunningContainer, line: string): Promise<void> {
  expect(await exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
}

function writeConfig(
  pool: RunningContainer,
  config: object,
  folder = `/pool/bots/${INSTANCE}`,
): Promise<void> {
  const text = JSON.stringify(config);
  return run(pool, `mkdir -p '${folder}' && printf '%s' '${text}' > '${folder}/config.json'`);
}

describeDocker('the value of a bot in a real container', () => {
  it('allocation 1000/1000, its API says 400: 400 returned, P&L -600, asked before the stop', async () => {
    const api = await startFreqtradeApi(400);
    const { app, userId, pool } = await place({ [INSTANCE]: api.port });
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

  it('of each bot of a pool: what it says is paid where it can be known that it says it, else what is stored', async () => {
    const apis = await Promise.all([1, 2, 3, 4, 5].map(() => startFreqtradeApi(400)));
    const ports = apis.map(({ port }) => port);
    const [link, large, moved, shared, alone] = [1, 2, 3, 4, 5].map(bot);
    const neighbour = (n: number, port = 0) => ({ name: `bot-${bot(n)}`, command: SLEEP, port });
    const { app, pool } = await place(
      Object.fromEntries(ports.map((port, index) => [bot(index + 1), port])),
      [neighbour(6, ports[3]), { ...neighbour(7, ports[4]), autostart: false }],
    );
    const folderOf = (id?: string) => `/pool/bots/${id}`;
    for (const [index, port] of ports.entries()) {
      if (index > 0) await writeConfig(pool, botConfig(port), folderOf(bot(index + 1)));
    }
    const own = folderOf(link);
    await run(pool, `mkdir -p '${own}' && ln -s /etc/hostname '${own}/config.json'`);
    const blanks = `head -c 2000000 /dev/zero | tr '\\0' ' '`;
    await run(pool, `${blanks} >> '${folderOf(large)}/config.json'`);
    const program = programConf({ name: `bot-${moved}`, command: SLEEP });
    const conf = `${program}environment=FREQTRADE__API_SERVER__LISTEN_PORT="9007"`;
    await run(pool, `printf '%s\n' '${conf}' > /pool/supervisor/bot-${moved}.conf`);

    const situations = [
      ['a link in place of its configuration', link, 1000],
      ['a configuration larger than any', large, 1000],
      ['its program runs with another port than its configuration names', moved, 1000],
      ['a running neighbour names the same port', shared, 1000],
      ['a neighbour that was stopped named the same port', alone, 400],
    ] as const;
    for (const [index, [situation, id, returned]] of situations.entries()) {
      const { body } = await app.call(UID, 'DELETE', `/bots/${id}`, { prefer: 'wait=30' });
      const isStored = returned === 1000;
      expect(body.wallet, situation).toMatchObject({ returned, pnl: returned - 1000 });
      const job = await app.call(UID, 'GET', `/jobs/${body.jobId}`);
      const codes = job.body.warnings.map(({ code }: { code: string }) => code);
      expect([situation, codes]).toEqual([situation, isStored ? ['value-not-live'] : []]);
      expect([situation, apis[index]?.asked.length === 0]).toEqual([situation, isStored]);
    }
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
});
