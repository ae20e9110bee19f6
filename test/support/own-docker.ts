// A Docker daemon of one test's own, beside the run's: another host, or one that may go down and come up again. It has
// the same images, and is gone with the test.

import Docker from 'dockerode';
import { describe, onTestFinished } from 'vitest';
import { tarOfFile } from '../../src/bots/docker/tar.ts';
import { onPath } from './apt.ts';
import {
  describeDocker,
  type PoolOptions,
  programConf,
  type RestartPolicy,
  testDocker,
} from './docker.ts';
import { type PrivateEngine, startPrivateEngine } from './docker-engine.ts';
import { prepareImages } from './images.ts';
import { titleLacking } from './needs.ts';
import { waitFor } from './wait-for.ts';

export interface OwnDocker extends Pick<PrivateEngine, 'socket' | 'halt' | 'resume'> {
  readonly docker: Docker;
  /** As `runPool` does on the run's daemon. */
  runPool(options: OwnPoolOptions): Promise<void>;
}

export interface OwnPoolOptions extends Pick<PoolOptions, 'name' | 'programs'> {
  /** Default: `unless-stopped`, as the platform's. */
  readonly restart?: RestartPolicy;
}

const dockerd = (await onPath('dockerd')) ?? '';
const mayStartOne = dockerd !== '' && process.getuid?.() === 0;

const NO_DAEMON = 'a daemon of its own needs dockerd and root';

/** `describeDocker` for tests that start a daemon. Somebody else's is never started again: where none of our own can be
 * had, all tests are skipped and the reason is shown. */
export function describeOwnDocker(title: string, define: () => void): void {
  if (mayStartOne) describeDocker(title, define);
  else describe.skip(titleLacking(title, 'Docker', NO_DAEMON), define);
}

/** Only in `describeOwnDocker`. @param args of dockerd, besides those that keep it to itself. */
export async function startOwnDocker(args: readonly string[] = []): Promise<OwnDocker> {
  const { signal } = new AbortController();
  const progress = () => undefined;
  const engine = await startPrivateEngine({ dockerd, args, progress, signal });
  onTestFinished(() => engine.stop());
  await prepareImages(engine.socket, progress, signal);
  const docker = new Docker({ socketPath: engine.socket });
  return { ...engine, docker, runPool: (options) => runPoolOn(docker, options) };
}

async function runPoolOn(
  docker: Docker,
  { name, programs, restart = 'unless-stopped' }: OwnPoolOptions,
): Promise<void> {
  const pool = await docker.createContainer({
    name,
    Image: testDocker().poolImage,
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: restart } },
  });
  for (const program of programs) {
    const conf = await tarOfFile(`${program.name}.conf`, programConf(program));
    await pool.putArchive(conf, { path: '/pool/supervisor' });
  }
  await pool.start();
  await waitFor(`the programs of ${name} to run`, async () => {
    const output = await runIn(docker, name, ['supervisorctl', 'status']);
    return programs.every((program) => new RegExp(`^${program.name}\\s+RUNNING`, 'm').test(output));
  });
}

/** What a program in a container says, on a terminal. */
export async function runIn(
  docker: Docker,
  container: string,
  command: readonly string[],
): Promise<string> {
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: [...command], AttachStdout: true, Tty: true });
  const stream = await exec.start({ Tty: true });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
