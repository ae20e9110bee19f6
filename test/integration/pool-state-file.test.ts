// What is particular to the pool state as a file: the platform’s writes at the worst moment, the disk,
// the file’s mode, links, the first start.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ftruncateSync, statSync, writeFileSync, writeSync } from 'node:fs';
import {
  chmod,
  type FileHandle,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createEmptyPoolState } from '../../src/pool-state/file/create-empty-pool-state.ts';
import { createPoolFileReader, stampOf } from '../../src/pool-state/file/pool-file-reader.ts';
import { replaceFile } from '../../src/pool-state/file/pool-file-replacement.ts';
import { takeOut } from '../../src/pool-state/pool-state.ts';
import { countUp, mutate } from '../support/pool-changes.ts';
import { createPoolFileFolder } from '../support/pool-file.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

const BOT = 'uid-0-bot-2';
const now = () => new Date('2026-11-02T03:04:05.678Z');

test('the platform writes after our read, before our rename: its write stays and ours is done again', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const states = folder.open();
  let hasWritten = false;
  await mutate(states, (state) => {
    if (!hasWritten) writeFileSync(folder.file, JSON.stringify({ ...state, beats: 7 }));
    hasWritten = true;
    return takeOut(state, BOT);
  });
  const stored = await folder.stored();
  expect(stored).toMatchObject({ beats: 7 });
  expect(stored.botMapping).not.toHaveProperty(BOT);
  expect(states.counts()).toEqual({ renames: 1, redone: 1, deadHolders: 0 });
});

test('a change is written: its bytes are on the disk, whole, before they get the file’s name', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const before = await stat(folder.file);
  const handle = await open(folder.file, 'r');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  /** What was on the disk, by its inode and size, and which inode had the name then. */
  const synced: { ino: number; size: number; named: number }[] = [];
  const sync = vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    const [{ ino, size }, named] = await Promise.all([this.stat(), stat(folder.file)]);
    await this.datasync();
    synced.push({ ino, size, named: named.ino });
  });
  onTestFinished(() => sync.mockRestore());
  await mutate(folder.open(), (state) => takeOut(state, BOT));
  const after = await stat(folder.file);
  expect(after.ino).not.toBe(before.ino);
  expect(synced).toContainEqual({ ino: after.ino, size: after.size, named: before.ino });
});

test('the platform writes as many bytes within one tick of the clock: seen by the bytes', async () => {
  const folder = await createPoolFileFolder({ ...samplePoolState(6), beats: 1 });
  const { file } = folder;
  const handle = await open(file, 'r');
  try {
    const answer = await createPoolFileReader(file).readHandle(handle);
    if (answer.status !== 'ok') throw new Error(answer.reason);
    expect(answer.snapshot.isStampProof).toBe(false);
    await folder.overwrite({ ...samplePoolState(6), beats: 2 });
    // As if the clock had not ticked between the two.
    const stamp = stampOf(await stat(file, { bigint: true }));
    const base = { ...answer.snapshot, stamp, handle };
    const deps = { file, token: 'abcdef', isLockHeld: () => true };
    const result = await replaceFile(deps, base, Buffer.from('{}'));
    expect(result.status).toBe('changed-before');
    expect(await folder.stored()).toMatchObject({ beats: 2 });
  } finally {
    await handle.close();
  }
});

test('the platform writes at every try: given up, and its last write stands untouched', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  let beats = 0;
  const refusal = mutate(folder.open(), (state) => {
    beats += 1;
    writeFileSync(folder.file, JSON.stringify({ ...state, beats }));
    return takeOut(state, BOT);
  });
  await expect(refusal).rejects.toMatchObject({ code: 'POOL_STATE_CONTENDED' });
  expect(await folder.stored()).toEqual({ ...samplePoolState(6), beats });
  expect((await folder.names()).filter((name) => name.includes('.tmp-'))).toEqual([]);
});

test('the platform writes to the old file while it is replaced: noticed through the old handle', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const { file } = folder;
  const handle = await open(file, 'r');
  try {
    const answer = await createPoolFileReader(file).readHandle(handle);
    if (answer.status !== 'ok') throw new Error(answer.reason);
    // The stamps of the name are checked before the rename; the write to what was read comes after.
    await rename(file, `${file}.old`);
    await folder.overwrite(samplePoolState(6));
    const stamp = stampOf(await stat(file, { bigint: true }));
    const base = { ...answer.snapshot, stamp, handle };
    const deps = { file, token: 'abcdef', isLockHeld: () => true };
    const result = await replaceFile(deps, base, Buffer.from(JSON.stringify(samplePoolState(3))));
    expect(result.status).toBe('overtaken');
  } finally {
    await handle.close();
  }
});

test('the platform writes to the old file while it is replaced, then to the new one: its last write counts', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const { file } = folder;
  const old = await open(file, 'r+');
  const { ino } = await old.stat();
  const prototype = Object.getPrototypeOf(old);
  const statHandle: FileHandle['stat'] = prototype.stat;
  let hasWritten = false;
  const spy = vi.spyOn(prototype, 'stat').mockImplementation(async function (
    this: FileHandle,
    ...args: unknown[]
  ) {
    // The first look through the old handle after the rename.
    if (!hasWritten && statSync(file).ino !== ino) {
      hasWritten = true;
      const first = JSON.stringify({ ...samplePoolState(6), beats: 1 });
      ftruncateSync(old.fd);
      writeSync(old.fd, first, 0);
    }
    return Reflect.apply(statHandle, this, args);
  });
  onTestFinished(async () => {
    spy.mockRestore();
    await old.close();
  });
  const log = {
    warn: () => writeFileSync(file, JSON.stringify({ ...samplePoolState(6), beats: 2 })),
    error: () => undefined,
  };
  await mutate(folder.open({ log }), (state) => takeOut(state, BOT));
  const stored = await folder.stored();
  expect(stored).toMatchObject({ beats: 2 });
  expect(stored.botMapping).not.toHaveProperty(BOT);
});

test('the disk is full: refused with the reason, the file is byte for byte as before', async () => {
  const folder = await createPoolFileFolder(samplePoolState(60));
  const before = await readFile(folder.file);
  const child = fileURLToPath(new URL('../support/pool-state-child.ts', import.meta.url));
  // A limit on the size of files, its signal ignored: writing fails half-way, as on a full disk.
  const script = `trap '' XFSZ; ulimit -f 4; exec "$0" "$@"`;
  const args = ['-c', script, process.execPath, child, 'count', folder.file, '4'];
  const limited = spawn('sh', args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [[word]] = await Promise.all([once(limited, 'message'), once(limited, 'exit')]);
  expect(word).toBe('POOL_STATE_DISK_FULL');
  expect(await readFile(folder.file)).toEqual(before);
  expect((await folder.names()).filter((name) => name.includes('.tmp-'))).toEqual([]);
});

test('a file system without room, for the lock or for the new file: refused, unchanged; with room again, written', async () => {
  const disk = await mountTinyDisk();
  const folder = await createPoolFileFolder(samplePoolState(60), disk ?? undefined);
  const before = await readFile(folder.file);
  const states = folder.open();
  const filler = join(dirname(folder.file), 'filler');
  for (const room of disk === null ? [] : [0, 16 * 1024]) {
    await fillUp(filler, room);
    const refusal = mutate(states, (state) => takeOut(state, BOT));
    await expect(refusal, `${room}`).rejects.toMatchObject({ code: 'POOL_STATE_DISK_FULL' });
    expect(await readFile(folder.file)).toEqual(before);
    expect((await folder.names()).filter((name) => name.includes('.tmp-'))).toEqual([]);
  }
  await rm(filler, { force: true });
  await mutate(states, (state) => takeOut(state, BOT));
  expect((await folder.stored()).botMapping).not.toHaveProperty(BOT);
});

test('another program removes the lock while it is held: nothing is written', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const refusal = folder.open().mutate({
    change: (state) => takeOut(state, BOT),
    fence: () => rm(`${folder.file}.lock`),
    signal: AbortSignal.timeout(10_000),
  });
  await expect(refusal).rejects.toMatchObject({ code: 'POOL_STATE_LOCK_LOST' });
  expect(await folder.stored()).toEqual(samplePoolState(6));
});

test('the file is written: mode, order of fields, unknown fields and the missing last newline are kept', async () => {
  const folder = await createPoolFileFolder({ platformVersion: '2.4', ...samplePoolState(3) });
  await chmod(folder.file, 0o664);
  await mutate(folder.open({ now }), (state) => takeOut(state, BOT));
  expect((await stat(folder.file)).mode & 0o7777).toBe(0o664);
  const wanted = { platformVersion: '2.4', ...takeOut(samplePoolState(3), BOT) };
  const text = JSON.stringify({ ...wanted, updatedAt: now().toISOString() }, null, 2);
  expect(await readFile(folder.file, 'utf8')).toBe(text);
});

test('the configured name is a symbolic link: what it points to is written, under one lock', async () => {
  const folder = await createPoolFileFolder(samplePoolState(9));
  const link = `${folder.file}-link`;
  await symlink(folder.file, link);
  const writers = [folder.open(), folder.open({ file: link })];
  const changes = writers.flatMap((states) =>
    Array.from({ length: 30 }, () => mutate(states, countUp)),
  );
  await Promise.all(changes);
  expect((await folder.stored()).nextPoolId).toBe(61);
  expect(await folder.names()).toContain('.container-pool-state.json-link');
});

test('a link in the configured name is moved to another folder: what it leads to now is written', async () => {
  const [before, after] = [
    await createPoolFileFolder(samplePoolState(3)),
    await createPoolFileFolder({ ...samplePoolState(6), release: 2 }),
  ];
  const current = `${dirname(before.file)}/current`;
  await symlink(dirname(before.file), current);
  const states = before.open({ file: join(current, '.container-pool-state.json') });
  await mutate(states, countUp);
  await rm(current);
  await symlink(dirname(after.file), current);
  const untouched = await readFile(before.file);
  await mutate(states, (state) => takeOut(state, BOT));
  const stored = await after.stored();
  expect(stored).toMatchObject({ release: 2 });
  expect(stored.botMapping).not.toHaveProperty(BOT);
  expect(await readFile(before.file)).toEqual(untouched);
});

test('a rewrite with the old length and the old mtime: read anew', async () => {
  const folder = await createPoolFileFolder({ ...samplePoolState(3), beats: 1 });
  const states = folder.open();
  const old = new Date('2026-01-01T00:00:00Z');
  await utimes(folder.file, old, old);
  const signal = AbortSignal.timeout(10_000);
  expect(await states.read({ signal })).toMatchObject({ items: { beats: 1 } });
  const text = await readFile(folder.file, 'utf8');
  await folder.overwrite(text.replace('"beats": 1', '"beats": 2'));
  await utimes(folder.file, old, old);
  expect(await states.read({ signal })).toMatchObject({ items: { beats: 2 } });
});

test('many readers at once: each gets the state', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const states = folder.open({ now });
  const signal = AbortSignal.timeout(10_000);
  const answers = await Promise.all(Array.from({ length: 200 }, () => states.read({ signal })));
  expect(new Set(answers.map((a) => a.status))).toEqual(new Set(['ok']));
  expect(answers[0]).toEqual({ status: 'ok', items: samplePoolState(6), observedAt: now() });
});

test('a reader that has no time left: unknown', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const answer = await folder.open().read({ signal: AbortSignal.abort() });
  expect(answer.status).toBe('unknown');
});

test('closed with changes waiting: those are refused, the file is whole, nothing is left beside it', async () => {
  const folder = await createPoolFileFolder(samplePoolState(6));
  const states = folder.open();
  const change = mutate(states, (state) => takeOut(state, BOT)).catch((err: unknown) => err);
  await states.close();
  await states.close();
  expect(await change).toMatchObject({ code: 'POOL_STATE_CLOSED' });
  await expect(mutate(states, (s) => s)).rejects.toMatchObject({ code: 'POOL_STATE_CLOSED' });
  expect(await folder.stored()).toEqual(samplePoolState(6));
  expect(await folder.names()).toEqual(['.container-pool-state.json']);
});

test('a first start: one of several creates the empty state, which can be read and changed', async () => {
  const folder = await createPoolFileFolder();
  const created = await Promise.all([1, 2, 3].map(() => createEmptyPoolState(folder.file, now)));
  expect(created.sort()).toEqual(['created', 'exists', 'exists']);
  const empty = { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: now().toISOString() };
  const states = folder.open();
  expect((await mutate(states, (s) => takeOut(s, BOT))).state).toEqual(empty);
});

test('a first start over a torn file: left as it is', async () => {
  const folder = await createPoolFileFolder();
  await folder.overwrite('{"pools":');
  expect(await createEmptyPoolState(folder.file, now)).toBe('exists');
  expect(await readFile(folder.file, 'utf8')).toBe('{"pools":');
  expect(await folder.names()).toEqual(['.container-pool-state.json']);
});

/** A file system of one megabyte of its own; null where mounting is not permitted. */
async function mountTinyDisk(): Promise<string | null> {
  const point = await mkdtemp(join(tmpdir(), 'tiny-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', point]);
  } catch {
    await rmdir(point);
    return null;
  }
  onTestFinished(async () => {
    await run('umount', [point]);
    await rmdir(point);
  });
  return point;
}

const run = promisify(execFile);

/** Takes all the room there is but this much. */
async function fillUp(path: string, leftBytes: number): Promise<void> {
  await rm(path, { force: true });
  const handle = await open(path, 'w');
  let taken = 0;
  try {
    for (;;) taken += (await handle.write(Buffer.alloc(4096))).bytesWritten;
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'ENOSPC')) throw err;
    await handle.truncate(taken - leftBytes);
  } finally {
    await handle.close();
  }
}
