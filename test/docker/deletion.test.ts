// The whole way on real containers: DELETE on the API, a saga on BullMQ, a real Docker with a real
// supervisord, the platform's pool state file, the wallet and the ledger in MongoDB.

import { readFile } from 'node:fs/promises';
import type { Container } from 'dockerode';
import { expect, it } from 'vitest';
import { parseUserDump, seedUsers } from '../../src/wallet/mongodb/seed-users.ts';
import {
  problemOf,
  startTestApplication,
  type TestApplication,
  type TestApplicationOptions,
} from '../support/application.ts';
import {
  describeDocker,
  type PoolProgram,
  type RunningContainer,
  runDedicated,
  runPool,
  testDocker,
} from '../support/docker.ts';
import { spoilPoolState } from '../support/spoil-pool-state.ts';
import { waitFor } from '../support/wait-for.ts';
import { createDockerProxy } from './bots-proxy.ts';

const SLEEP = '/bin/sleep 100000';
/** Ignores SIGTERM; supervisord kills it only after this, long after the policy has decided. */
const STUBBORN_SECONDS = 8;
const STUBBORN = `/bin/sh -c "trap '' TERM; while true; do sleep 1; done"`;
const WAIT = { prefer: 'wait=30' };

async function fixture(name: string): Promise<string> {
  return readFile(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
}

async function startWithFixtures({
  env = {},
  socket = testDocker().socket,
}: {
  readonly env?: TestApplicationOptions['env'];
  readonly socket?: string;
} = {}): Promise<TestApplication> {
  const app = await startTestApplication({
    env: { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${socket}`, ...env },
    poolState: JSON.parse(await fixture('pool-state.json')),
  });
  await seedUsers(app.db, parseUserDump(await fixture('users.json')));
  return app;
}

function livePool(commands: Partial<Record<1 | 2 | 3, string>> = {}): Promise<RunningContainer> {
  const program = (n: 1 | 2 | 3, autostart: boolean): PoolProgram => ({
    name: `bot-uid-live-bot-${n}`,
    command: commands[n] ?? SLEEP,
    autostart,
    stopWaitSeconds: STUBBORN_SECONDS,
  });
  return runPool({
    name: 'freqtrade-pool-uid-live-pool-1',
    programs: [program(1, true), program(2, false), program(3, true)],
  });
}

async function status(pool: RunningContainer): Promise<Record<string, string>> {
  const { output } = await pool.exec(['supervisorctl', 'status']);
  return Object.fromEntries(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .flatMap(([name, state]) => (name && state ? [[name, state]] : [])),
  );
}

async function confs(pool: RunningContainer): Promise<string[]> {
  const { output } = await pool.exec(['ls', '/pool/supervisor']);
  return output.trim().split(/\s+/).sort();
}

/** Told to stop it says so, and ends when it is let. */
const ENDS_WHEN_LET = `trap 'touch /tmp/told; while [ ! -f /tmp/let ]; do sleep 0.1; done; exit 0' TERM; while :; do sleep 0.1; done`;

async function holds(container: Container, path: string): Promise<boolean> {
  return container.infoArchive({ path }).then(
    () => true,
    () => false,
  );
}

async function touch(container: Container, path: string): Promise<void> {
  const exec = await container.exec({ Cmd: ['touch', path] });
  await exec.start({ Detach: true });
}

async function isThere(name: string): Promise<boolean> {
  const found = await testDocker().docker.listContainers({ all: true });
  return found.some(({ Names }) => Names.includes(`/${name}`));
}

async function userOf(app: TestApplication, firebaseUid: string) {
  return app.db.collection('users').findOne({ firebaseUid });
}

async function poolStateOf(app: TestApplication) {
  return JSON.parse(await readFile(app.poolStateFile, 'utf8'));
}

/** A deletion whose bot, in a container of its own, has been told to stop and does not end by itself. */
const LABELS = { 'reclaim.instance-id': 'uid-cents-bot-1', 'reclaim.user-id': 'uid-cents' };

interface MadeAnew extends Pick<Parameters<typeof runDedicated>[0], 'command' | 'stopSeconds'> {
  readonly from?: Container;
}

/** The containers that a tombstone names. */
async function namedBy(app: TestApplication, sagaId: string) {
  const tombstone = await app.db.collection('tombstones').findOne({ sagaId });
  return tombstone?.observedBots.map((one: { containerId: string }) => one.containerId);
}

async function startDeletion(app: TestApplication) {
  const name = 'freqtrade-uid-cents-bot-1';
  const labels = LABELS;
  const command = ['/bin/sh', '-c', ENDS_WHEN_LET];
  const { container } = await runDedicated({ name, stopSeconds: 60, labels, command });
  const { jobId } = (await app.call('uid-cents', 'DELETE', '/bots/uid-cents-bot-1')).body;
  await waitFor('the stop to be under way', () => holds(container, '/tmp/told'));
  /** As watchtower does it for a newer image. */
  const makeAnew = async ({ from = container, ...spec }: MadeAnew = {}) => {
    await from.rename({ name: `${name}-of-yesterday` });
    const again = await runDedicated({ name, labels, ...spec });
    await from.remove({ force: true });
    return again;
  };
  return { name, container, jobId, makeAnew };
}

describeDocker('deleting on real containers', () => {
  it('a running pooled bot: gone from supervisord, file and wallet; its neighbours untouched', async () => {
    const app = await startWithFixtures();
    const pool = await livePool();
    const pidBefore = (await pool.exec(['supervisorctl', 'pid', 'bot-uid-live-bot-3'])).output;

    const reply = await app.call('uid-live', 'DELETE', '/bots/uid-live-bot-1', WAIT);

    expect(reply.body).toMatchObject({ success: true, wallet: { returned: 262.5, pnl: 12.5 } });
    expect(reply.body.warnings).toBeUndefined();
    expect(await status(pool)).toEqual({
      'bot-uid-live-bot-2': 'STOPPED',
      'bot-uid-live-bot-3': 'RUNNING',
    });
    expect((await pool.exec(['supervisorctl', 'pid', 'bot-uid-live-bot-3'])).output).toBe(
      pidBefore,
    );
    expect(await confs(pool)).toEqual(['bot-uid-live-bot-2.conf', 'bot-uid-live-bot-3.conf']);
    const state = await poolStateOf(app);
    expect(state.pools['uid-live-pool-1'].bots).toEqual(['uid-live-bot-2', 'uid-live-bot-3']);
    expect(Object.keys(state.botMapping)).not.toContain('uid-live-bot-1');
    expect((await userOf(app, 'uid-live'))?.paperWallet.balance).toBe(762.75);
    expect(await app.db.collection('ledger').countDocuments()).toBe(1);
  });

  it('a bot that was started with --rm, cancelled while it stops: refused, paid', async () => {
    const app = await startWithFixtures();
    const name = 'freqtrade-uid-cents-bot-1';
    const { container } = await runDedicated({
      name,
      restart: 'no',
      isRemovedAtEnd: true,
      stopSeconds: 60,
      labels: { 'reclaim.instance-id': 'uid-cents-bot-1', 'reclaim.user-id': 'uid-cents' },
      command: ['/bin/sh', '-c', ENDS_WHEN_LET],
    });
    const accepted = await app.call('uid-cents', 'DELETE', '/bots/uid-cents-bot-1');
    const { jobId } = accepted.body;
    await waitFor('the stop to be under way', () => holds(container, '/tmp/told'));

    const cancel = await app.call('uid-cents', 'POST', `/jobs/${jobId}/cancel`);
    await touch(container, '/tmp/let');

    expect(problemOf(cancel)).toBe('409 too-late-to-cancel');
    const job = await waitFor('the job to end', async () => {
      const { body } = await app.call('uid-cents', 'GET', `/jobs/${jobId}`);
      return body.finishedAt !== null && body;
    });
    expect(job).toMatchObject({ state: 'completed', warnings: [] });
    expect((await userOf(app, 'uid-cents'))?.paperWallet.balance).toBe(0.3);
    expect(await isThere(name)).toBe(false);
  });

  it('its container is made anew under its name while it stops: the new one is stopped and removed too', async () => {
    const app = await startWithFixtures();
    const { name, container, jobId, makeAnew } = await startDeletion(app);

    const again = await makeAnew();

    const job = await waitFor('the job to end', async () => {
      const { body } = await app.call('uid-cents', 'GET', `/jobs/${jobId}`);
      return body.finishedAt !== null && body;
    });
    expect(job).toMatchObject({ state: 'completed', warnings: [] });
    expect((await userOf(app, 'uid-cents'))?.paperWallet.balance).toBe(0.3);
    expect(await isThere(name)).toBe(false);
    expect(await namedBy(app, jobId)).toEqual([container.id, again.id]);
  });

  it('its container is made anew twice while it stops: none of them is left', async () => {
    const app = await startWithFixtures();
    const { name, container, jobId, makeAnew } = await startDeletion(app);

    const command = ['/bin/sh', '-c', ENDS_WHEN_LET];
    const second = await makeAnew({ command, stopSeconds: 60 });
    await waitFor('its stop to be under way', () => holds(second.container, '/tmp/told'));
    const third = await makeAnew({ from: second.container });

    const job = await waitFor('the job to end', async () => {
      const { body } = await app.call('uid-cents', 'GET', `/jobs/${jobId}`);
      return body.finishedAt !== null && body;
    });
    expect(job).toMatchObject({ state: 'completed', warnings: [] });
    expect(await isThere(name)).toBe(false);
    expect(await namedBy(app, jobId)).toEqual([container.id, second.id, third.id]);
  });

  it('its container is made anew between its stop and its payment: the job removes the new one', async () => {
    const app = await startWithFixtures();
    // The step between the two waits for it.
    const heal = await spoilPoolState(app, 'torn');
    const { name, container, jobId } = await startDeletion(app);
    const jobOf = async () => (await app.call('uid-cents', 'GET', `/jobs/${jobId}`)).body;
    await touch(container, '/tmp/let');
    await waitFor('the bot to be at rest', async () => {
      const { steps } = await jobOf();
      return steps.some((step: { name: string; status: string }) => {
        return step.name === 'stop-container' && step.status === 'done';
      });
    });

    await container.remove({ force: true });
    const again = await runDedicated({ name, labels: LABELS });
    await heal();

    const job = await waitFor('the job to end', async () => {
      const body = await jobOf();
      return body.finishedAt !== null && body;
    });
    expect(job).toMatchObject({ state: 'completed', warnings: [] });
    expect((await userOf(app, 'uid-cents'))?.paperWallet.balance).toBe(0.3);
    expect(await isThere(name)).toBe(false);
    expect(await namedBy(app, jobId)).toEqual([container.id, again.id]);
  });

  it('its container is made anew while it stops, and it is cancelled: the new one runs as the old one did', async () => {
    const app = await startWithFixtures();
    const { jobId, makeAnew } = await startDeletion(app);
    const cancel = await app.call('uid-cents', 'POST', `/jobs/${jobId}/cancel`);
    expect(cancel.status).toBe(202);

    const again = await makeAnew();

    const job = await waitFor('the job to end', async () => {
      const { body } = await app.call('uid-cents', 'GET', `/jobs/${jobId}`);
      return body.finishedAt !== null && body;
    });
    expect(job).toMatchObject({ state: 'compensated', warnings: [] });
    const { State, HostConfig } = await again.container.inspect();
    expect({ running: State.Running, policy: HostConfig.RestartPolicy?.Name }).toEqual({
      ...{ running: true, policy: 'unless-stopped' },
    });
  });
});

describeDocker('a bot that refuses to stop', () => {
  const SHORT = { STOP_TIMEOUT_MS: '2500' };

  it('refund: the wallet is cleaned, warnings say so, the tombstone ends it later', async () => {
    const app = await startWithFixtures({ env: { ...SHORT, ON_STOP_FAILURE: 'refund' } });
    const pool = await livePool({ 1: STUBBORN });

    const reply = await app.call('uid-live', 'DELETE', '/bots/uid-live-bot-1', WAIT);

    expect(reply.body).toMatchObject({ success: true, wallet: { returned: 262.5 } });
    expect(reply.body.warningCodes).toContain('stop-failed');
    await waitFor('the tombstone to take the program out', async () => {
      const programs = await status(pool);
      return !('bot-uid-live-bot-1' in programs);
    });
    await waitFor('the tombstone to end', async () => {
      const tombstones = app.db.collection('tombstones');
      return (await tombstones.findOne())?.status === 'ended';
    });
    expect(await confs(pool)).toEqual(['bot-uid-live-bot-2.conf', 'bot-uid-live-bot-3.conf']);
  });
});

describeDocker('Docker that is away', () => {
  it('from the start: the money comes back in time, and the bot is removed when it is back', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { endpoint } = proxy;
    const socket = 'socketPath' in endpoint ? endpoint.socketPath : '';
    const app = await startWithFixtures({ env: { STOP_TIMEOUT_MS: '1500' }, socket });
    const name = 'freqtrade-uid-cents-bot-1';
    await runDedicated({ name, labels: { 'reclaim.instance-id': 'uid-cents-bot-1' } });
    await proxy.stop();

    const reply = await app.call('uid-cents', 'DELETE', '/bots/uid-cents-bot-1', WAIT);

    expect(reply.body).toMatchObject({ success: true, wallet: { newBalance: 0.3 } });
    expect(reply.body.warnings.length).toBeGreaterThan(0);
    expect(await isThere(name)).toBe(true);
    await proxy.start();
    await waitFor('the container to be gone', async () => !(await isThere(name)), 30_000);
  });
});
