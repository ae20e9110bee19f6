// The pool state on its way between the file and MongoDB: exact, repeatable, and at no moment in two places.

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import {
  chmod,
  chown,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { createEmptyPoolState } from '../../src/pool-state/file/create-empty-pool-state.ts';
import { fileBehind } from '../../src/pool-state/file/file-behind.ts';
import { noteMoved, whyMoved } from '../../src/pool-state/file/pool-file-moved.ts';
import { moveToFile } from '../../src/pool-state/mongodb/move-to-file.ts';
import { moveToMongodb } from '../../src/pool-state/mongodb/move-to-mongodb.ts';
import { poolCollections } from '../../src/pool-state/mongodb/pool-documents.ts';
import { createPoolDocumentsReader } from '../../src/pool-state/mongodb/pool-documents-reader.ts';
import {
  activateStore,
  createEmptyPoolDocuments,
  fillStore,
} from '../../src/pool-state/mongodb/pool-documents-store.ts';
import type { MoveDeps } from '../../src/pool-state/mongodb/pool-state-move.ts';
import { takeOut } from '../../src/pool-state/pool-state.ts';
import { childEnv } from '../support/child-env.ts';
import { isRoot } from '../support/other-user.ts';
import { createPoolDatabase, type PoolDatabase } from '../support/pool-documents.ts';
import { createPoolFileFolder, type PoolFileFolder } from '../support/pool-file.ts';
import { sampleMapping, samplePoolState } from '../support/pool-state-samples.ts';
import { holdPoolStateLock } from '../support/worker-process.ts';

const NAME = '.container-pool-state.json';
const BOT = 'uid-0-bot-2';
const now = () => new Date('2026-11-02T03:04:05.678Z');

/** As a platform may have it: fields of its own, numbers of several kinds, no last newline. */
const TEXT = JSON.stringify(
  {
    platformVersion: '2.4',
    ...samplePoolState(6),
    'a.b': { $set: [1, 1.5, -3e21, 2 ** 40, null, true, {}] },
    nextPoolId: 7,
  },
  null,
  2,
);

test('there and back: byte for byte, and each time the old place is in charge no more', async () => {
  const { folder, database, deps } = await set(TEXT);
  const fileStates = folder.open();
  expect(await moveToMongodb(deps)).toEqual({
    status: 'moved',
    counts: { pools: 2, bots: 6 },
    kept: `${folder.file}.moved-2026-11-02T03-04-05.678Z`,
  });
  expect(JSON.stringify(await database.stored())).toBe(JSON.stringify(JSON.parse(TEXT)));
  expect(await folder.names()).toEqual([`${NAME}.moved`, `${NAME}.moved-2026-11-02T03-04-05.678Z`]);
  await expectUnknown(fileStates, 'POOL_STATE=mongodb');

  expect(await moveToFile(deps)).toMatchObject({
    status: 'moved',
    counts: { pools: 2, bots: 6 },
  });
  expect(await readFile(folder.file, 'utf8')).toBe(TEXT);
  await expectUnknown(database.open(), 'POOL_STATE=file');
  await takeBotOut(fileStates);
  expect((await folder.stored()).botMapping).not.toHaveProperty(BOT);

  // And there again, over what the first move has left.
  expect(await moveToMongodb({ ...deps, now: () => new Date() })).toMatchObject({
    status: 'moved',
  });
  expect((await database.stored()).botMapping).not.toHaveProperty(BOT);
  expect(await poolCollections(database.db).bots.countDocuments()).toBe(5);
});

test('the platform writes a new file where the moved one was: no process of ours uses it', async () => {
  const { folder, deps } = await set(TEXT);
  await moveToMongodb(deps);
  const states = folder.open();
  await folder.overwrite(samplePoolState(3));
  await expectUnknown(states, 'POOL_STATE=mongodb');
  await expect(takeBotOut(states)).rejects.toMatchObject({ code: 'POOL_STATE_UNREADABLE' });
  expect(await createEmptyPoolState(folder.file, now)).toBe('moved');
  expect(await folder.stored()).toEqual(samplePoolState(3));
  // Nor is it written over: which of the two is right is a person's to say.
  expect(await moveToFile(deps)).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining('1 pools, 3 bots'),
  });
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'refused' });
  expect(await folder.stored()).toEqual(samplePoolState(3));
});

test('the configured name is a link: there and back, and it leads to the file again', async () => {
  const { folder, database, deps } = await set(TEXT);
  const link = `${folder.file}-link`;
  await symlink(folder.file, link);
  const named = { ...deps, file: link };
  expect(await moveToMongodb(named)).toMatchObject({ status: 'moved' });
  expect(await moveToMongodb(named)).toEqual({ status: 'already-there' });
  await expectUnknown(folder.open({ file: link }), 'POOL_STATE=mongodb');
  expect(await createEmptyPoolState(link, now)).toBe('moved');
  await takeBotOut(database.open());
  expect(await moveToFile(named)).toMatchObject({ status: 'moved' });
  expect((await folder.stored()).botMapping).not.toHaveProperty(BOT);
  expect(await readlink(link)).toBe(folder.file);
});

test.runIf(isRoot)('there and back: the file is its owner’s again, who may write it', async () => {
  const { folder, deps } = await set(TEXT);
  await chown(folder.file, 1_000, 1_001);
  await chmod(folder.file, 0o660);
  await moveToMongodb(deps);
  await moveToFile(deps);
  const { uid, gid, mode } = await stat(folder.file);
  expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 1_000, gid: 1_001, mode: 0o660 });
});

test('each move twice: the second says that it is there already', async () => {
  const { deps } = await set(TEXT);
  await moveToMongodb(deps);
  expect(await moveToMongodb(deps)).toEqual({ status: 'already-there' });
  await moveToFile(deps);
  expect(await moveToFile(deps)).toEqual({ status: 'already-there' });
});

test('a rehearsal: says what it would do and changes nothing', async () => {
  const { folder, database, deps } = await set(TEXT);
  const counts = { pools: 2, bots: 6 };
  const rehearsal = { ...deps, isDryRun: true };
  expect(await moveToMongodb(rehearsal)).toMatchObject({ status: 'would-move', counts });
  expect(await poolCollections(database.db).state.countDocuments()).toBe(0);
  expect(await folder.names()).toEqual([NAME]);
  await moveToMongodb(deps);
  const names = await folder.names();
  expect(await moveToFile(rehearsal)).toMatchObject({ status: 'would-move', counts });
  expect(await folder.names()).toEqual(names);
  expect(Object.keys((await database.stored()).botMapping)).toHaveLength(6);
});

test('MongoDB holds another state: refused, both stay; an empty one of a first start makes room', async () => {
  const { folder, database, deps } = await set(TEXT);
  await createEmptyPoolDocuments(database.db, now);
  await database.overwrite(samplePoolState(3));
  expect(await moveToMongodb(deps)).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining('1 pools, 3 bots'),
  });
  expect(await database.stored()).toEqual(samplePoolState(3));
  expect(await folder.names()).toEqual([NAME]);
  await database.overwrite({ ...samplePoolState(3), pools: {}, botMapping: {} });
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
  expect(JSON.stringify(await database.stored())).toBe(JSON.stringify(JSON.parse(TEXT)));
});

test('a source that cannot be read: refused, and nothing is there afterwards that was not before', async () => {
  for (const text of ['{"pools":', '[]', TEXT.replace('"port": 9000', '"port": "9000"')]) {
    const { folder, database, deps } = await set(text);
    expect(await moveToMongodb(deps), text.slice(0, 20)).toMatchObject({ status: 'refused' });
    expect(await folder.names()).toEqual([NAME]);
    expect(await poolCollections(database.db).state.countDocuments()).toBe(0);
  }
  const { folder, database, deps } = await set(TEXT);
  expect(await moveToFile(deps)).toMatchObject({ status: 'refused' });
  await rm(folder.file);
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'refused' });
  await createEmptyPoolDocuments(database.db, now);
  await database.overwrite(samplePoolState(3));
  await poolCollections(database.db).bots.updateOne({}, { $unset: { 'value.port': '' } });
  expect(await moveToFile(deps)).toMatchObject({ status: 'refused' });
  expect(await folder.names()).toEqual([]);
});

test('text that MongoDB cannot keep as it is: refused, and the file is in charge as before', async () => {
  const { folder, deps } = await set(TEXT.replace('"poolDir": "', '"poolDir": "\\ud800'));
  expect(await moveToMongodb(deps)).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining('exactly'),
  });
  await takeBotOut(folder.open());
  expect((await folder.stored()).botMapping).not.toHaveProperty(BOT);
});

test('the platform writes during the move: refused, its write stays and is in charge', async () => {
  const { folder, database, deps } = await set(TEXT);
  const platform = { ...JSON.parse(TEXT), beats: 7 };
  let asked = 0;
  // The clock is asked between the reading back and the last observation of the file.
  const writing = () => {
    asked += 1;
    if (asked === 3) writeFileSync(folder.file, JSON.stringify(platform, null, 2));
    return now();
  };
  expect(await moveToMongodb({ ...deps, now: writing })).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining('written meanwhile'),
  });
  expect(await folder.stored()).toEqual(platform);
  expect(await folder.names()).toEqual([NAME]);
  await takeBotOut(folder.open());
  await expectUnknown(database.open(), 'being moved');
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
  expect(await database.stored()).toMatchObject({ beats: 7 });
});

test('a worker changes the state in MongoDB during the move to the file: refused, nothing of it is lost', async () => {
  const { folder, database, deps } = await set(TEXT);
  await moveToMongodb(deps);
  let isRaised = false;
  const report = await moveToFile({
    ...deps,
    // Asked between the reading and the last step: as a worker's change would leave it.
    now: () => {
      if (!isRaised) raise(database.db.databaseName, ['revision']);
      isRaised = true;
      return now();
    },
  });
  expect(report).toMatchObject({ status: 'refused', reason: expect.stringContaining('meanwhile') });
  expect(await database.stored()).toEqual(JSON.parse(TEXT));
  await expectUnknown(folder.open(), 'POOL_STATE=mongodb');
  expect(await moveToFile(deps)).toMatchObject({ status: 'moved' });
  expect(await readFile(folder.file, 'utf8')).toBe(TEXT);
});

test('a move that ended after MongoDB was in charge, before the file was put away: called again, it ends', async () => {
  const { folder, database, deps } = await set(TEXT);
  const moved = await moveToMongodb(deps);
  if (moved.status !== 'moved') throw new Error(moved.status);
  await rename(moved.kept, folder.file);
  await takeBotOut(database.open());
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
  expect(await folder.names()).not.toContain(NAME);
  expect((await database.stored()).botMapping).not.toHaveProperty(BOT);
});

test('a move that ended before MongoDB was in charge: neither is used, and called again, it ends', async () => {
  const { folder, database, deps } = await set(TEXT);
  await moveToMongodb(deps);
  await moveToFile(deps);
  await noteMoved(folder.file, now());
  const { state } = poolCollections(database.db);
  await state.updateOne({ _id: 'state' }, { $set: { status: 'filling' } });
  await expectUnknown(folder.open(), 'POOL_STATE=mongodb');
  await expectUnknown(database.open(), 'being moved');
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
  expect(JSON.stringify(await database.stored())).toBe(JSON.stringify(JSON.parse(TEXT)));
});

test('a move back that ended before the file was in charge: called again, it ends', async () => {
  const { folder, database, deps } = await set(TEXT);
  await moveToMongodb(deps);
  await moveToFile(deps);
  await noteMoved(folder.file, now());
  await expectUnknown(folder.open(), 'POOL_STATE=mongodb');
  await expectUnknown(database.open(), 'POOL_STATE=file');
  expect(await moveToFile(deps)).toMatchObject({ status: 'moved' });
  await takeBotOut(folder.open());
});

test('another move begins to fill the store before this one counts: refused, the file is in charge as before', async () => {
  const { folder, database, deps } = await set(TEXT);
  let asked = 0;
  const overtaken = () => {
    asked += 1;
    if (asked === 3) raise(database.db.databaseName, ['revision', 'filledAt']);
    return now();
  };
  expect(await moveToMongodb({ ...deps, now: overtaken })).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining('another move'),
  });
  expect(await folder.names()).toEqual([NAME]);
  await expectUnknown(database.open(), 'being moved');
  await takeBotOut(folder.open());
});

test('another move fills the store meanwhile, and the first one writes late: the second one counts alone', async () => {
  const { db, stored } = await createPoolDatabase();
  const move = { file: 'a file', sha256: 'the same', isNewlineTerminated: true, at: now() };
  const first = await fillStore(db, samplePoolState(3), move);
  const second = await fillStore(db, samplePoolState(6), move);
  if (first === null || second === null) throw new Error('not filled');
  const late = { revision: first, position: 0, value: sampleMapping('uid-9', 'uid-9-bot-1', 0) };
  await poolCollections(db).bots.insertOne({ _id: 'uid-9-bot-1', ...late });
  expect(await activateStore(db, first)).toBe(false);
  expect(await activateStore(db, second)).toBe(true);
  expect(await stored()).toEqual(samplePoolState(6));
  const about = { bots: ['uid-9-bot-1'], users: ['uid-9'] };
  const answer = await createPoolDocumentsReader(db, () => 0).readPart(about);
  expect(answer).toMatchObject({ status: 'ok', stored: { state: { botMapping: {} } } });
});

test('to the file and back while a process has the state before in mind: it sees what came back', async () => {
  const { folder, database, deps } = await set(TEXT);
  await moveToMongodb(deps);
  const states = database.open();
  const read = async () => {
    const answer = await states.read({ signal: AbortSignal.timeout(10_000) });
    return answer.status === 'ok' ? Object.keys(answer.items.botMapping) : answer;
  };
  expect(await read()).toContain(BOT);
  await moveToFile(deps);
  await takeBotOut(folder.open());
  await moveToMongodb(deps);
  expect(await read()).toEqual(Object.keys((await database.stored()).botMapping));
  expect(await read()).not.toContain(BOT);
});

test('the note cannot be written: the file is in charge as before', async () => {
  const { folder, deps } = await set(TEXT);
  await symlink('/dev/full', `${folder.file}.moved`);
  await expect(moveToMongodb(deps)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await folder.names()).toEqual([NAME]);
  await takeBotOut(folder.open());
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
});

test('the file cannot be read at the end of the move: refused with the reason', async () => {
  const { folder, deps } = await set(TEXT);
  let asked = 0;
  const spoiling = () => {
    asked += 1;
    if (asked === 3) {
      renameSync(folder.file, `${folder.file}-away`);
      mkdirSync(folder.file);
    }
    return now();
  };
  expect(await moveToMongodb({ ...deps, now: spoiling })).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining('not a regular file'),
  });
});

test('the state was moved to another file: this one is not called the pool state', async () => {
  const { folder, deps } = await set(TEXT);
  await moveToMongodb(deps);
  await moveToFile(deps);
  const other = await createPoolFileFolder(samplePoolState(3));
  expect(await moveToFile({ ...deps, file: other.file })).toEqual({
    status: 'refused',
    reason: `it was moved to ${folder.file}`,
  });
  expect(await moveToFile(deps)).toEqual({ status: 'already-there' });
});

test('a name that cannot be resolved: an error, and not the name itself', async () => {
  const { folder } = await set(TEXT);
  const loop = `${folder.file}-loop`;
  await symlink(loop, loop);
  await expect(whyMoved(loop)).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(createEmptyPoolState(loop, now)).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(fileBehind(loop)).rejects.toMatchObject({ code: 'ELOOP' });
});

test('a move back that ended with its file in place, and workers went on in MongoDB: called again, it ends', async () => {
  const { folder, database, deps } = await set(TEXT);
  await moveToMongodb(deps);
  // As the move that raises the revision is left: its file is there, MongoDB is in charge.
  let isRaised = false;
  await moveToFile({
    ...deps,
    now: () => {
      if (!isRaised) raise(database.db.databaseName, ['revision']);
      isRaised = true;
      return now();
    },
  });
  const [outdated = ''] = (await folder.names()).filter((name) => name.includes('.outdated-'));
  await rename(`${dirname(folder.file)}/${outdated}`, folder.file);
  await takeBotOut(database.open());
  expect(await moveToFile(deps)).toMatchObject({ status: 'moved' });
  expect((await folder.stored()).botMapping).not.toHaveProperty(BOT);
  await takeBotOut(folder.open());
});

test('a process holds the file’s lock: the move waits for its turn, and gives up in time', async () => {
  const { folder, deps } = await set(TEXT);
  const holder = await holdPoolStateLock(folder.file);
  const refusal = moveToMongodb({ ...deps, lockTimeoutMs: 100 });
  await expect(refusal).rejects.toMatchObject({ code: 'POOL_STATE_LOCKED' });
  await holder.letGo();
  expect(await moveToMongodb(deps)).toMatchObject({ status: 'moved' });
});

test('the command: tells the counts and what to do next, and exits with 1 where it refuses', async () => {
  const { folder, database } = await set(TEXT);
  const uri = new URL(inject('mongodbUri'));
  uri.pathname = `/${database.db.databaseName}`;
  const env = { MONGODB_URI: uri.href, POOL_STATE_FILE: folder.file };
  const rehearsed = await runCommand(['--to', 'mongodb', '--dry-run'], env);
  expect(rehearsed).toEqual({
    code: 0,
    stdout: '2 pools and 6 bots would be moved to MongoDB. Nothing was changed.\n',
    stderr: '',
  });
  const moved = await runCommand(['--to', 'mongodb'], env);
  expect(moved.stdout).toContain('2 pools and 6 bots moved to MongoDB and read back.');
  expect(moved.stdout).toContain('Set POOL_STATE=mongodb for the API and every worker');
  await writeFile(folder.file, JSON.stringify(samplePoolState(3)));
  const refused = await runCommand(['--to', 'file'], env);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/^Nothing was moved: .* holds another pool state/);
  await rm(folder.file);
  const back = await runCommand(['--to', 'file'], env);
  expect(back).toMatchObject({ code: 0, stderr: '' });
  expect(await readFile(folder.file, 'utf8')).toBe(TEXT);
  expect(await runCommand(['--to', 'redis'], env)).toMatchObject({ code: 2, stdout: '' });
  expect(await runCommand(['--to', 'file'], {})).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('MONGODB_URI is unset'),
  });
});

async function set(text: string): Promise<{
  folder: PoolFileFolder;
  database: PoolDatabase;
  deps: MoveDeps;
}> {
  const folder = await createPoolFileFolder();
  await folder.overwrite(text);
  const database = await createPoolDatabase();
  const { db } = database;
  return { folder, database, deps: { db, file: folder.file, now, isDryRun: false } };
}

type States = ReturnType<PoolFileFolder['open']> | ReturnType<PoolDatabase['open']>;

async function expectUnknown(states: States, reason: string): Promise<void> {
  const answer = await states.read({ signal: AbortSignal.timeout(10_000) });
  expect(answer).toEqual({ status: 'unknown', reason: expect.stringContaining(reason) });
}

async function takeBotOut(states: States): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  const change = (state: Parameters<typeof takeOut>[0]) => takeOut(state, BOT);
  await states.mutate({ change, fence: async () => undefined, signal, about: { bots: [BOT] } });
}

/** Done when it returns. */
function raise(databaseName: string, fields: readonly string[]): void {
  const program = `
    import { MongoClient } from 'mongodb';
    const [uri, dbName, ...fields] = process.argv.slice(1);
    const $inc = Object.fromEntries(fields.map((field) => [field, 1]));
    const client = await MongoClient.connect(uri);
    await client.db(dbName).collection('poolState').updateOne({}, { $inc });
    await client.close();`;
  const args = [
    '--input-type=module',
    '-e',
    program,
    inject('mongodbUri'),
    databaseName,
    ...fields,
  ];
  execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, '../..') });
}

function runCommand(args: readonly string[], env: Readonly<Record<string, string>>) {
  const script = join(import.meta.dirname, '../../scripts/pool-state.ts');
  const options = { env: { ...childEnv(), ...env }, timeout: 25_000 };
  const { promise, resolve } = Promise.withResolvers<{
    code: number;
    stdout: string;
    stderr: string;
  }>();
  execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
  });
  return promise;
}
