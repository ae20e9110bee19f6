import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, symlink, writeFile } from 'node:fs/promises';
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
  it('taken, given back, taken again: only the free lock is left', async () => {
    const folder = await createTestFolder();
    const first = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    first.release();
    first.release();
    const second = await lockFolder(folder);
    second.release();
    expect(await readdir(folder)).toEqual(['embedded.lock']);
  });

  it('the name of another host, or what is no name: refused with what to do', async () => {
    const folder = await createTestFolder();
    const holder = `${folder}/embedded.lock.holder`;
    await symlink('77@elsewhere', holder);
    await expect(lockFolder(folder)).rejects.toThrow(/process 77 on host elsewhere.*delete/);
    await rm(holder);
    await writeFile(holder, 'rubbish');
    await expect(lockFolder(folder)).rejects.toThrow(/another host.*delete/);
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
