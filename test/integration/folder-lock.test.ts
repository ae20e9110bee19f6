import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../src/infra/embedded/folder-lock.ts';
import { endLeftover } from '../../src/infra/embedded/owned-server.ts';
import { identifyProcess, isAlive } from '../../src/infra/embedded/process-identity.ts';
import { createTestFolder } from '../support/folder.ts';

async function startSleeper() {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const identity = await identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('the process has no identity');
  return { child, identity };
}

describe('the lock of the data folder', () => {
  it('taken, given back, taken again: nothing is left behind', async () => {
    const folder = await createTestFolder();
    const first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await first.release();
    await first.release();
    const second = await lockFolder(folder);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('many at once, over the lock of a dead process: exactly one gets it', async () => {
    const folder = await createTestFolder();
    const { child, identity } = await startSleeper();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const dead = JSON.stringify({ ...identity, host: hostname(), id: 'dead' });
    await writeFile(`${folder}/embedded.lock`, dead);
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['embedded.lock']);
  });

  it('the id of its dead process given to another: not taken for that one', async () => {
    const folder = await createTestFolder();
    const { identity } = await startSleeper();
    const lock = { ...identity, startedAt: 'long ago', host: hostname(), id: 'dead' };
    await writeFile(`${folder}/embedded.lock`, JSON.stringify(lock));
    await (await lockFolder(folder)).release();
  });

  it('a lock of another host, or one that cannot be read: refused with what to do', async () => {
    const folder = await createTestFolder();
    const file = `${folder}/embedded.lock`;
    await writeFile(
      file,
      JSON.stringify({ pid: 77, startedAt: 'x', host: 'elsewhere', id: 'far' }),
    );
    await expect(lockFolder(folder)).rejects.toThrow(/process 77 on host elsewhere.*delete/);
    await writeFile(file, 'rubbish');
    await expect(lockFolder(folder)).rejects.toThrow(/not readable.*delete/);
  });
});

describe('a server that a killed run has left', () => {
  it('named by its pid file: ended', async () => {
    const folder = await createTestFolder();
    const { identity } = await startSleeper();
    await writeFile(`${folder}/valkey.pid`, JSON.stringify(identity));
    expect(await endLeftover(folder, 'valkey', 5_000)).toBe(true);
    expect(await isAlive(identity)).toBe(false);
    expect(existsSync(`${folder}/valkey.pid`)).toBe(false);
  });

  it('a pid file whose id belongs to a stranger now: the stranger is left alone', async () => {
    const folder = await createTestFolder();
    const { identity } = await startSleeper();
    const file = `${folder}/valkey.pid`;
    await writeFile(file, JSON.stringify({ ...identity, startedAt: 'long ago' }));
    expect(await endLeftover(folder, 'valkey', 5_000)).toBe(false);
    expect(await isAlive(identity)).toBe(true);
    await writeFile(file, 'rubbish');
    expect(await endLeftover(folder, 'valkey', 5_000)).toBe(false);
  });
});
