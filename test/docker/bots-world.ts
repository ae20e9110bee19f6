// The contract suite's world in real Docker: containers with real processes, pools with a real supervisord.

import { onTestFinished } from 'vitest';
import type { Deadlines } from '../../src/bots/docker/deadlines.ts';
import { createDockerBots, type DockerBots } from '../../src/bots/docker/docker-bots.ts';
import type { DockerEndpoint, DockerHost } from '../../src/bots/docker/docker-client.ts';
import type { ObservedLabels } from '../../src/domain/bot.ts';
import type { BotsWorld, Ends } from '../contracts/bots.ts';
import {
  type DedicatedOptions,
  removeAtEnd,
  runDedicated,
  runPool,
  testDocker,
} from '../support/docker.ts';
import { waitFor } from '../support/wait-for.ts';

export interface DockerWorld extends BotsWorld {
  readonly bots: DockerBots;
}

/** Over the test engine itself, or over another way to it.
 * @param others hosts beside it; nothing is ever added to them. */
export async function createDockerWorld(
  endpoint: DockerEndpoint = { socketPath: testDocker().socket },
  deadlines: Partial<Deadlines> = {},
  others: readonly DockerHost[] = [],
): Promise<DockerWorld> {
  const { docker } = testDocker();
  const bots = createDockerBots({
    hosts: [{ name: 'test', options: endpoint }, ...others],
    now: () => new Date(),
    deadlines: { stopGraceSeconds: 1, maxStopSeconds: 6, ...deadlines },
    botProgram: { command: () => '/bin/sleep 100000', startSeconds: 1 },
    networkMode: 'none',
  });
  onTestFinished(() => bots.close());
  return {
    bots: {
      ...bots,
      start: (order, call) => {
        if (order.place.kind === 'dedicated') removeAtEnd(`freqtrade-${order.instanceId}`);
        return bots.start(order, call);
      },
    },
    image: testDocker().botImage,
    addDedicated: async ({ instanceId, labels, state, ends, startsOnce = false, ...bot }) => {
      const { name = `freqtrade-${instanceId}` } = bot;
      const slow = ends === undefined ? {} : slowToEnd(ends);
      const once = startsOnce ? STARTS_ONCE : {};
      const options = { name, labels: toDockerLabels(labels), ...slow, ...once };
      const { container } = await runDedicated(options);
      if (state === 'paused') await container.pause();
      if (state === 'stopped') await container.stop();
    },
    addPool: async ({ name, labels, bots: programs, ends, ports = {} }) => {
      const list = Object.entries(programs).map(([id, state]) => ({
        name: `bot-${id}`,
        command: '/bin/sleep 100000',
        autostart: state === 'RUNNING',
        ...(ends !== undefined && {
          command: `/bin/sh -c "${slowScript(ends, marker(id))}"`,
          stopWaitSeconds: ends.stopSeconds,
        }),
        ...(ports[id] === undefined ? {} : { port: ports[id] }),
      }));
      await runPool({ name, labels: toDockerLabels(labels), programs: list });
    },
    addGrouped: async ({ pool, instanceId, group, isGroupOfOthers = false }) => {
      const program = `bot-${instanceId}`;
      const own = `[program:${program}]\ncommand=/bin/sleep 100000\nstartsecs=0\nprocess_name=main\n`;
      const grouped = `[group:${group}]\nprograms=${program}\n`;
      await writeConf(pool, `${program}.conf`, isGroupOfOthers ? own : own + grouped);
      if (isGroupOfOthers) await writeConf(pool, 'bot-groups.conf', grouped);
      await update(pool, `${group}:main`);
    },
    addStranger: async (pool, program) => {
      const conf = `[program:${program}]\ncommand=/bin/sleep 100000\nstartsecs=0\n`;
      await writeConf(pool, 'bot-new.conf', conf);
      await update(pool, program);
      await remove(pool, '/pool/supervisor/bot-new.conf');
    },
    wasKilled: async (instanceId) => {
      const own = docker.getContainer(`freqtrade-${instanceId}`);
      const state = await own.inspect().then(({ State }) => State, isMissing);
      if (state !== null) return state.ExitCode === KILLED;
      const uid = instanceId.slice(0, instanceId.lastIndexOf('-bot'));
      return !(await succeeds(`freqtrade-pool-${uid}-pool-1`, ['test', '-f', marker(instanceId)]));
    },
    stopPool: (name) => docker.getContainer(name).stop({ t: 0 }),
    startPool: async (name) => {
      await docker.getContainer(name).start();
      await waitFor(`supervisord of ${name}`, async () => {
        const exec = await docker
          .getContainer(name)
          .exec({ Cmd: ['supervisorctl', 'pid'], AttachStdout: true });
        const stream = await exec.start({});
        stream.resume();
        const { ExitCode: exitCode } = await waitFor('an exec to end', async () => {
          const info = await exec.inspect();
          return !info.Running && info;
        });
        return exitCode === 0;
      });
    },
    loseConf: (name, instanceId) => remove(name, `/pool/supervisor/bot-${instanceId}.conf`),
    muteSupervisord: (name) => remove(name, '/run/supervisor.sock'),
  };
}

async function remove(containerName: string, path: string): Promise<void> {
  await run(containerName, ['rm', path]);
}

async function writeConf(containerName: string, name: string, text: string): Promise<void> {
  const line = `printf '%s' '${text}' > /pool/supervisor/${name}`;
  await run(containerName, ['sh', '-c', line]);
}

/** Returns when the program runs. */
async function update(containerName: string, program: string): Promise<void> {
  await run(containerName, ['supervisorctl', 'update']);
  const line = `supervisorctl status '${program}' | grep -q RUNNING`;
  await run(containerName, [
    'sh',
    '-c',
    `for i in 1 2 3 4 5 6 7 8; do ${line} && exit; done; exit 1`,
  ]);
}

const KILLED = 137;

const STARTS_ONCE: Pick<DedicatedOptions, 'command' | 'restart'> = {
  command: ['/bin/sh', '-c', 'test -e /tmp/once && exit 1; touch /tmp/once; exec sleep 100000'],
  restart: 'no',
};

function slowToEnd(ends: Ends): Pick<DedicatedOptions, 'command' | 'stopSeconds'> {
  const command = ['/bin/sh', '-c', slowScript(ends, '/tmp/ended')];
  return { command, stopSeconds: ends.stopSeconds };
}

/** Ends by itself, and says so, that long after it was told to. */
export function slowScript({ needsSeconds }: Pick<Ends, 'needsSeconds'>, file: string): string {
  return `trap 'sleep ${needsSeconds}; touch ${file}; exit 0' TERM; while :; do sleep 0.2; done`;
}

function marker(instanceId: string): string {
  return `/pool/bots/${instanceId}.ended`;
}

function isMissing(error: unknown): null {
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return null;
  throw error;
}

async function run(containerName: string, argv: readonly string[]): Promise<void> {
  if (await succeeds(containerName, argv)) return;
  throw new Error(`${argv.join(' ')} failed in ${containerName}`);
}

async function succeeds(containerName: string, argv: readonly string[]): Promise<boolean> {
  const container = testDocker().docker.getContainer(containerName);
  const exec = await container.exec({ Cmd: [...argv] });
  await exec.start({ Detach: true });
  const { ExitCode: exitCode } = await waitFor('an exec to end', async () => {
    const info = await exec.inspect();
    return !info.Running && info;
  });
  return exitCode === 0;
}

function toDockerLabels(labels: ObservedLabels = {}): Record<string, string> {
  const { instanceId, userId, poolId } = labels;
  return {
    'reclaim.managed': 'true',
    ...(instanceId === undefined ? {} : { 'reclaim.instance-id': instanceId }),
    ...(userId === undefined ? {} : { 'reclaim.user-id': userId }),
    ...(poolId === undefined ? {} : { 'reclaim.pool-id': poolId }),
  };
}
