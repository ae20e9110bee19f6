// A second Docker daemon beside the run's, behind TLS on a port of the loopback: another host, as the application sees
// it. Its pools run the same image. It is gone with the test.

import Docker from 'dockerode';
import { onTestFinished } from 'vitest';
import { tarOfFile } from '../../src/adapters/docker/tar-file.ts';
import { anyFreePort } from '../../src/embedded/ports.ts';
import { makeCertificates } from './certificates.ts';
import { type PoolOptions, programConf, testDocker } from './docker.ts';
import { onPath, startPrivateEngine } from './docker-engine.ts';
import { createTestFolder } from './folder.ts';
import { prepareImages } from './images.ts';
import { waitFor } from './wait-for.ts';

export interface SecondDocker {
  /** As DOCKER_HOSTS takes it. */
  readonly address: string;
  /** As DOCKER_CERT_PATH takes it. */
  readonly certPath: string;
  /** Past TLS, for the test's own looks. */
  readonly docker: Docker;
  /** As `runPool` does on the run's daemon. */
  runPool(options: Pick<PoolOptions, 'name' | 'programs'>): Promise<void>;
  halt(): Promise<void>;
  resume(): Promise<void>;
}

/** Only in `describeDocker`. @throws where the run's Docker is somebody else's and no daemon can be started here. */
export async function startSecondDocker(): Promise<SecondDocker> {
  const dockerd = await onPath('dockerd');
  if (dockerd === undefined) throw new Error('a second daemon needs dockerd');
  const { daemonArgs, clientFolder } = await makeCertificates(await createTestFolder());
  const port = await anyFreePort();
  const signal = AbortSignal.timeout(120_000);
  const engine = await startPrivateEngine({
    dockerd,
    args: ['-H', `tcp://127.0.0.1:${port}`, ...daemonArgs],
    progress: () => undefined,
    signal,
  });
  onTestFinished(() => engine.stop());
  await prepareImages(engine.socket, () => undefined, signal);
  const docker = new Docker({ socketPath: engine.socket });
  return {
    address: `tcp://127.0.0.1:${port}`,
    certPath: clientFolder,
    docker,
    runPool: (options) => runPoolOn(docker, options),
    halt: () => engine.halt(),
    resume: () => engine.resume(),
  };
}

async function runPoolOn(
  docker: Docker,
  { name, programs }: Pick<PoolOptions, 'name' | 'programs'>,
): Promise<void> {
  const pool = await docker.createContainer({
    name,
    Image: testDocker().poolImage,
    HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'unless-stopped' } },
  });
  for (const program of programs) {
    const conf = tarOfFile(`${program.name}.conf`, programConf(program));
    await pool.putArchive(conf, { path: '/pool/supervisor' });
  }
  await pool.start();
  await waitFor(`the programs of ${name} to run`, async () => {
    const output = await runIn(docker, name, ['supervisorctl', 'status']);
    return programs.every((program) => new RegExp(`^${program.name}\\s+RUNNING`, 'm').test(output));
  });
}

/** What a program in a container says; standard error is left out. */
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
