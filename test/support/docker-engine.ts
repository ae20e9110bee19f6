// Finds a Docker for the tests, or starts a private one. A daemon that somebody else runs is used as
// it is and never started, stopped or configured; ours has its own socket, folders and containerd
// in a temporary folder, and is gone with it.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { type OwnedProcess, startOwnedProcess } from '../../src/infra/embedded/owned-process.ts';
import { aptInstall, onPath, type Progress } from './apt.ts';
import { withDeadline } from './with-deadline.ts';

const run = promisify(execFile);

/** Names the run that a container belongs to. */
export const RUN_LABEL = 'reclaim.test-run';

export interface DockerEngine {
  readonly socket: string;
  stop(): Promise<void>;
}

/** The engine to test on, or why there is none. `RECLAIM_TEST_DOCKER` names a socket, or is `none`. */
export async function findDockerEngine(
  progress: Progress,
  signal: AbortSignal,
): Promise<DockerEngine | { readonly missing: string }> {
  const given = process.env.RECLAIM_TEST_DOCKER ?? process.env.DOCKER_HOST;
  if (given === 'none') return { missing: 'RECLAIM_TEST_DOCKER=none' };
  if (given !== undefined && given !== '') {
    const socket = given.replace(/^unix:\/\//, '');
    if (!socket.startsWith('/')) return { missing: `the tests need a local socket, not ${given}` };
    if (!(await answers(socket))) return { missing: `no Docker answers on ${given}` };
    return { socket, stop: async () => {} };
  }
  if (await answers('/var/run/docker.sock')) {
    return { socket: '/var/run/docker.sock', stop: async () => {} };
  }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { missing: 'no Docker answers on /var/run/docker.sock, and only root can start one' };
  }
  try {
    const dockerd = (await onPath('dockerd')) ?? (await installDocker(progress, signal));
    return await startPrivateEngine({ dockerd, progress, signal });
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

async function installDocker(progress: Progress, signal: AbortSignal): Promise<string> {
  // The package would start a daemon of its own, which would outlive the tests.
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    // A minimal system has no umount, and the daemon leaves its data folder mounted on itself.
    await aptInstall(['docker.io', 'mount'], progress, signal);
  } finally {
    if (isOurs) await rm(policy, { force: true });
  }
  const dockerd = await onPath('dockerd');
  if (dockerd === undefined) throw new Error('docker.io was installed but holds no dockerd');
  return dockerd;
}

export interface PrivateEngine extends DockerEngine {
  /** The daemon goes, and what runs on it; its containers and images stay. */
  halt(): Promise<void>;
  /** Again, on the same data: containers that are to run unless stopped run again. */
  resume(): Promise<void>;
}

export interface PrivateEngineOptions {
  readonly dockerd: string;
  /** Besides those that keep it to itself. */
  readonly args?: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A daemon of our own, with its data in a temporary folder. @throws when it does not come up within a minute. */
export async function startPrivateEngine(options: PrivateEngineOptions): Promise<PrivateEngine> {
  options.progress('starting a private Docker daemon');
  const folder = await mkdtemp(join(tmpdir(), 'reclaim-docker-'));
  const socket = join(folder, 'docker.sock');
  let daemon = await startDaemon(options, folder, socket);
  const halt = async () => {
    await daemon.stop();
    await killContainerd(join(folder, 'exec'));
    await unmountBelow(folder);
  };
  return {
    socket,
    halt,
    resume: async () => {
      daemon = await startDaemon(options, folder, socket);
    },
    stop: async () => {
      await halt();
      await removeFolder(folder);
    },
  };
}

async function startDaemon(
  { dockerd, args: more = [], signal }: PrivateEngineOptions,
  folder: string,
  socket: string,
): Promise<OwnedProcess> {
  const logFile = join(folder, 'dockerd.log');
  const args = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  args.push('-p', join(folder, 'pid'), '-H', `unix://${socket}`);
  args.push('--bridge=none', '--iptables=false', '--ip6tables=false', ...more);
  const daemon = await startOwnedProcess({
    command: dockerd,
    args,
    logFile,
    stopTimeoutMs: 20_000,
  });
  let ended: string | undefined;
  void daemon.exited.then((how) => {
    ended = how;
  });
  const deadline = performance.now() + 60_000;
  while (!(await answers(socket))) {
    if (ended !== undefined || signal.aborted || performance.now() > deadline) {
      const log = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join(' | ');
      await daemon.stop();
      await killContainerd(join(folder, 'exec'));
      await unmountBelow(folder);
      await removeFolder(folder);
      throw new Error(`the private Docker daemon did not start (${ended ?? 'time over'}): ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return daemon;
}

function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Removes what an interrupted run has left. A daemon that ends first waits for every container. */
export async function removeContainersOf(run: string, socket: string): Promise<void> {
  const docker = new Docker({ socketPath: socket });
  const filters = { label: [`${RUN_LABEL}=${run}`] };
  const left = await withDeadline(docker.listContainers({ all: true, filters }), 10_000, 'listing');
  const removals = left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }));
  await withDeadline(Promise.allSettled(removals), 30_000, 'removing containers');
}

async function answers(socket: string): Promise<boolean> {
  try {
    await access(socket);
    await withDeadline(new Docker({ socketPath: socket }).ping(), 5_000, 'Docker ping');
    return true;
  } catch {
    return false;
  }
}

// A daemon that had to be killed leaves its containerd behind.
async function killContainerd(execRoot: string): Promise<void> {
  const pid = await readFile(join(execRoot, 'containerd', 'containerd.pid'), 'utf8').catch(
    () => '',
  );
  if (!/^\d+$/.test(pid.trim())) return;
  const command = await readFile(`/proc/${pid.trim()}/cmdline`, 'utf8').catch(() => '');
  if (command.includes(execRoot)) process.kill(Number(pid), 'SIGKILL');
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const ours = mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of ours.reverse()) await run('umount', ['-l', path]).catch(() => {});
}
