// Bots made and deleted again on real containers: POST on the API, a saga on BullMQ, a real Docker with a real
// supervisord, the platform's pool state file, the wallet and the ledger in MongoDB.

import { expect, it } from 'vitest';
import type { TestApplication } from '../support/application.ts';
import { readPoolState, userNamed } from '../support/deletions.ts';
import {
  describeDocker,
  type RunningContainer,
  removeAtEnd,
  runPool,
  testDocker,
} from '../support/docker.ts';
import {
  conservation,
  poolName,
  provision,
  type SetUp,
  setUpProvisioning,
  UID,
} from '../support/provisions.ts';

/** The platform's programs count as running after ten seconds. */
const SLOW_MS = 90_000;
const BOT = `${UID}-bot-1`;

/** Stands where the platform's image has its own, and notes how it was called. */
const FREQTRADE = '#!/bin/sh\\necho "$@" > /pool/logs/called\\nexec sleep 100000\\n';

function setUp(options: SetUp = {}): Promise<TestApplication> {
  const { socket } = testDocker();
  const env = { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${socket}`, ...options.env };
  return setUpProvisioning({ ...options, env });
}

async function pool(): Promise<RunningContainer> {
  return runPool({
    name: poolName(UID),
    programs: [{ name: 'bot-neighbour', command: 'sleep 1d', port: 9002 }],
  });
}

async function install(container: RunningContainer): Promise<void> {
  const write = `printf '${FREQTRADE}' > /usr/local/bin/freqtrade && chmod +x /usr/local/bin/freqtrade`;
  const { exitCode } = await container.exec(['sh', '-c', write]);
  expect(exitCode).toBe(0);
}

async function read(container: RunningContainer, path: string): Promise<string> {
  return (await container.exec(['cat', path])).output;
}

function deleteBot(app: TestApplication) {
  return app.call(UID, 'DELETE', `/bots/${BOT}`, { prefer: 'wait=40' });
}

describeDocker('making bots on real containers', () => {
  it(
    'in a pool, then deleted: runs by its conf and config; gone again, its data kept, the money back',
    async () => {
      const app = await setUp();
      const container = await pool();
      await install(container);

      const made = await provision(app, { wait: 60 });

      expect(made.body).toMatchObject({ success: true, bot: { instanceId: BOT } });
      const status = (await container.exec(['supervisorctl', 'status'])).output;
      expect(status).toMatch(new RegExp(`^bot-${BOT}\\s+RUNNING`, 'm'));
      const conf = `/pool/supervisor/bot-${BOT}.conf`;
      const config = `/pool/bots/${BOT}/config.json`;
      expect((await read(container, conf)).split('\n')).toEqual([
        `[program:bot-${BOT}]`,
        `command=freqtrade trade --config ${config}`,
        'autostart=true',
        'autorestart=true',
        'startsecs=10',
        '',
      ]);
      expect(JSON.parse(await read(container, config))).toMatchObject({
        api_server: { listen_port: 9000 },
      });
      expect(await read(container, '/pool/logs/called')).toBe(`trade --config ${config}\n`);
      expect((await readPoolState(app)).botMapping[BOT]).toMatchObject({
        status: 'running',
        port: 9000,
        dockerHost: 'test',
      });
      expect((await userNamed(app, UID)).paperWallet.balance).toBe(749.5);

      const deleted = await deleteBot(app);

      expect(deleted.body).toMatchObject({ success: true, wallet: { newBalance: 1000 } });
      expect((await container.exec(['supervisorctl', 'status'])).output).toMatch(
        /^bot-neighbour\s+RUNNING.*\n$/,
      );
      const left = await container.exec(['find', '/pool/supervisor', '/pool/bots', '-type', 'f']);
      expect(left.output.trim().split('\n').sort()).toEqual([
        '/pool/bots/neighbour/config.json',
        config,
        '/pool/supervisor/bot-neighbour.conf',
      ]);
      expect((await readPoolState(app)).botMapping).toEqual({});
      expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
    },
    SLOW_MS,
  );

  it('in a container of its own, then deleted: labelled, kept running by its policy, and gone again', async () => {
    const { docker, botImage } = testDocker();
    const env = { BOT_IMAGE: botImage, BOT_NETWORK: 'none', BOT_MEMORY_MB: '96' };
    const app = await setUp({ pools: [], env });
    removeAtEnd(`freqtrade-${BOT}`);

    const made = await provision(app, { wait: 40 });

    expect(made.body).toMatchObject({ success: true, bot: { instanceId: BOT } });
    const { State, Config, HostConfig } = await docker.getContainer(`freqtrade-${BOT}`).inspect();
    expect(State.Running).toBe(true);
    expect(Config).toMatchObject({
      Image: botImage,
      Labels: {
        'reclaim.managed': 'true',
        'reclaim.instance-id': BOT,
        'reclaim.user-id': UID,
      },
    });
    expect(HostConfig.RestartPolicy?.Name).toBe('unless-stopped');
    expect(HostConfig).toMatchObject({
      ...{ Memory: 96 * 1_048_576, PidsLimit: 512, CapDrop: ['ALL'] },
      SecurityOpt: ['no-new-privileges:true'],
    });
    expect((await deleteBot(app)).body).toMatchObject({
      success: true,
      wallet: { returned: 250.5 },
    });
    await expect(docker.getContainer(`freqtrade-${BOT}`).inspect()).rejects.toMatchObject({
      statusCode: 404,
    });
    expect(await conservation(app)).toEqual({ balanceMinor: 100_000, expectedMinor: 100_000 });
  });

  it('an image that no host has: undone at once, with the reason', async () => {
    const app = await setUp({ pools: [], env: { BOT_IMAGE: 'reclaim-test-none:1' } });
    const { body } = await provision(app, { wait: 40 });
    expect(body).toMatchObject({ success: false, state: 'compensated' });
    expect(body.message).toContain('NO_SUCH_IMAGE');
    expect((await userNamed(app, UID)).paperWallet.balance).toBe(1000);
  });
});
