// The lock between processes: real ones, killed and stopped with real signals.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createKernelLock, type KernelLock } from '../../src/infra/kernel-lock.ts';
import { createTestFolder } from '../support/folder.ts';

const MODULE = fileURLToPath(new URL('../../src/infra/kernel-lock.ts', import.meta.url));
const AT_ONCE = { timeoutMs: 0 };
const SOON = { timeoutMs: 10_000 };
const NEW_NAMESPACE = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc'];
const hasNamespaces = spawnSync('unshare', [...NEW_NAMESPACE.slice(1), 'true']).status === 0;

test('the holder is killed: the next one has the lock at once, and knows of the death (I5)', async () => {
  const path = await lockPath();
  const holder = await hold(path);
  const lock = open(path);
  expect(await lock.take(AT_ONCE)).toEqual({
    status: 'held',
    holder: { host: hostname(), pid: holder.pid },
  });
  const next = lock.take(SOON);
  holder.kill('SIGKILL');
  expect(await next).toEqual({ status: 'taken', afterDeath: true });
});

test('the holder is stopped, its files are of yesterday: it keeps the lock (I5)', async () => {
  const path = await lockPath();
  const holder = await hold(path);
  holder.kill('SIGSTOP');
  spawnSync('touch', ['-h', '-d', 'yesterday', path, `${path}.holder`]);
  expect(await open(path).take({ timeoutMs: 300 })).toMatchObject({ status: 'held' });
});

test.skipIf(!hasNamespaces)(
  'the holder is in another PID namespace: it keeps the lock, and loses it when it is killed',
  async () => {
    const path = await lockPath();
    const holder = await hold(path, NEW_NAMESPACE);
    const lock = open(path);
    // The number that it has in its own namespace is no process here, or another one.
    expect(await lock.take(AT_ONCE)).toMatchObject({ status: 'held' });
    spawnSync('pkill', ['-KILL', '-P', `${holder.pid}`]);
    expect(await lock.take(SOON)).toEqual({ status: 'taken', afterDeath: true });
  },
);

test('a name of this host without its lock: that of a dead holder, whatever process has its id now', async () => {
  const path = await lockPath();
  await symlink(`${process.pid}@${hostname()}`, `${path}.holder`);
  expect(await open(path).take(AT_ONCE)).toEqual({ status: 'taken', afterDeath: true });
});

test('the name of another host: never removed, also by time', async () => {
  const path = await lockPath();
  await symlink('77@elsewhere', `${path}.holder`);
  const refusal = { status: 'foreign', holder: { host: 'elsewhere', pid: 77 } };
  expect(await open(path).take({ timeoutMs: 50 })).toEqual(refusal);
  expect(await readlink(`${path}.holder`)).toBe('77@elsewhere');
});

test('eight at once, in one process: exactly one has the lock, and gives it back', async () => {
  const path = await lockPath();
  const locks = Array.from({ length: 8 }, () => open(path));
  const tries = await Promise.all(locks.map((lock) => lock.take(AT_ONCE)));
  expect(tries.filter(({ status }) => status === 'taken')).toHaveLength(1);
  for (const lock of locks) lock.release();
  expect(await open(path).take(AT_ONCE)).toEqual({ status: 'taken', afterDeath: false });
});

test('a person removes the lock file: its holder knows, and leaves the next one alone', async () => {
  const path = await lockPath();
  const [first, second, third] = [open(path), open(path), open(path)];
  await first.take(AT_ONCE);
  expect(first.isHeld()).toBe(true);
  await rm(path);
  expect(first.isHeld()).toBe(false);
  await second.take(AT_ONCE);
  expect([first.isHeld(), second.isHeld()]).toEqual([false, true]);
  first.release();
  first.release();
  expect(await third.take(AT_ONCE)).toMatchObject({ status: 'held' });
  expect(await readlink(`${path}.holder`)).toBe(`${process.pid}@${hostname()}`);
});

test('made like another file: who may write that may lock', async () => {
  const path = await lockPath();
  const sharedLike = `${path}-state`;
  await writeFile(sharedLike, '');
  await chmod(sharedLike, 0o664);
  const lock = createKernelLock({ path, sharedLike });
  onTestFinished(lock.release);
  await lock.take(AT_ONCE);
  const [made, like] = [await stat(path), await stat(sharedLike)];
  expect([made.mode, made.uid, made.gid]).toEqual([like.mode, like.uid, like.gid]);
});

async function lockPath(): Promise<string> {
  return `${await createTestFolder()}/a.lock`;
}

function open(path: string): KernelLock {
  const lock = createKernelLock({ path });
  onTestFinished(lock.release);
  return lock;
}

/** A process that holds the lock until it is killed. */
async function hold(path: string, within: readonly string[] = []): Promise<ChildProcess> {
  const program = `
    const { createKernelLock } = await import(${JSON.stringify(MODULE)});
    const lock = createKernelLock({ path: ${JSON.stringify(path)} });
    console.log((await lock.take({ timeoutMs: 10_000 })).status);
    process.stdin.resume().on('end', () => lock.release());`;
  const [command = '', ...args] = [
    ...within,
    process.execPath,
    '--input-type=module',
    '-e',
    program,
  ];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(String((await once(child.stdout, 'data'))[0])).toBe('taken\n');
  return child;
}
