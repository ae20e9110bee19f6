// Moves the pool state from the platform's file into MongoDB, and back. At every moment at most one of the two is
// the pool state: the file's note and the store's status are set so that a move that was cut short leaves either the
// old backend in charge, or neither until the same move is called again. Nothing is lost: what is in the way and holds
// something else is left and reported, what was moved away is kept aside, and what was written is read back before it
// counts.

import { createHash, randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Db } from 'mongodb';
import { fileBehind } from '../file/file-behind.ts';
import { type FileOwner, ownerOf } from '../file/keep-owner.ts';
import { errnoOf } from '../file/pool-file-errors.ts';
import { createPoolFileLock, type PoolFileLock } from '../file/pool-file-lock.ts';
import { noteMoved, removeMovedNote, whyMoved } from '../file/pool-file-moved.ts';
import {
  createPoolFileReader,
  explain,
  openForReading,
  type Snapshot,
} from '../file/pool-file-reader.ts';
import { placeNewFile, syncFolder } from '../file/pool-file-replacement.ts';
import type { PoolState } from '../pool-state.ts';
import { formatPoolState } from '../pool-state-format.ts';
import { UNREADABLE } from '../unreadable-rows.ts';
import type { MoveNote } from './pool-documents.ts';
import { readStore } from './pool-documents-reader.ts';
import {
  activateStore,
  fillStore,
  markStoreMoved,
  notePlacing,
  observeStore,
} from './pool-documents-store.ts';

export interface MoveDeps {
  readonly db: Db;
  readonly file: string;
  readonly now: () => Date;
  /** Checks and refuses as the move would, and changes nothing. */
  readonly isDryRun: boolean;
  /** Longest wait for the file's lock. */
  readonly lockTimeoutMs?: number;
}

export type MoveReport =
  | { readonly status: 'moved' | 'would-move'; readonly counts: MoveCounts; readonly kept: string }
  /** It is there already, and was before this call. */
  | { readonly status: 'already-there' }
  | { readonly status: 'refused'; readonly reason: string };

export interface MoveCounts {
  readonly pools: number;
  readonly bots: number;
}

/** The file into MongoDB. @throws when the lock cannot be had, or a server or disk fails: call it again. */
export async function moveToMongodb(deps: MoveDeps): Promise<MoveReport> {
  return underLock(deps, async (file, lock) => {
    const source = await readFileAt(file);
    const store = await observeStore(deps.db);
    if (source.status === 'missing') {
      const isDone = store?.status === 'active' && (await whyMoved(file)) !== null;
      return isDone ? { status: 'already-there' } : refused(`there is no file ${file}`);
    }
    if (source.status === 'unknown') return refused(`${file}: ${source.reason}`);
    const { snapshot } = source;
    const hidden = unreadableIn(snapshot.state);
    if (hidden !== null) return refused(`${file}: ${hidden}`);
    const move = { ...noteOf(file, snapshot.bytes, deps.now()), owner: source.owner };
    // A move of this very file that was cut short after the store had begun to count.
    const isEnding =
      store?.status === 'active' &&
      store.move?.sha256 === move.sha256 &&
      (await whyMoved(file)) !== null;
    if (!isEnding) {
      const obstacle = await preempt(deps, snapshot.state);
      if (obstacle !== null) return refused(obstacle);
    }
    const counts = countsOf(snapshot.state);
    const kept = `${file}.moved-${deps.now().toISOString().replaceAll(':', '-')}`;
    if (deps.isDryRun) return { status: 'would-move', counts, kept };
    if (!isEnding) {
      const failure = await switchToMongodb(deps, { file, lock, snapshot, move });
      if (failure !== null) return refused(failure);
    }
    await rename(file, kept);
    await syncFolder(dirname(file));
    return { status: 'moved', counts, kept };
  });
}

/** Why the store must not be filled with this state; null where it may. An empty one of a first start, and one that
 * holds the same, are replaced. */
async function preempt(
  { db, isDryRun, file, now }: MoveDeps,
  wanted: PoolState,
): Promise<string | null> {
  const store = await observeStore(db);
  if (store?.status !== 'active') return null;
  const answer = await readStore(db, 'active');
  if (answer.status === 'unknown') return `the pool state in MongoDB: ${answer.reason}`;
  const { state, revision } = answer.stored;
  const { pools, bots } = countsOf(state);
  if (pools + bots > 0 && !isSame(state, wanted)) {
    return `MongoDB holds another pool state already (${pools} pools, ${bots} bots); decide which of the two is right`;
  }
  if (isDryRun) return null;
  const isFree = await markStoreMoved(db, revision, noteOf(file, Buffer.of(), now()));
  return isFree ? null : 'the pool state in MongoDB was written meanwhile; call again';
}

interface Switch {
  readonly file: string;
  readonly lock: PoolFileLock;
  readonly snapshot: Snapshot;
  readonly move: MoveNote;
}

/** Why it was not done; null where MongoDB is in charge now. */
async function switchToMongodb(
  { db, now }: MoveDeps,
  { file, lock, snapshot, move }: Switch,
): Promise<string | null> {
  const filled = await fillStore(db, snapshot.state, move);
  if (filled === null) {
    return 'another process moves a pool state to MongoDB at this moment';
  }
  const written = await readStore(db, 'filling');
  if (written.status === 'unknown') return `reading back what was written: ${written.reason}`;
  if (!isSame(written.stored.state, snapshot.state)) {
    return 'MongoDB did not keep the state exactly as it is in the file';
  }
  await noteMoved(file, now()).catch(async (error: unknown) => {
    // The file is the pool state as before; where that cannot be written either, the same move ends it.
    await removeMovedNote(file).catch(() => undefined);
    throw error;
  });
  // The platform knows neither lock nor note.
  const touched = await whyTouched(file, snapshot, lock);
  if (touched === null && (await activateStore(db, filled))) return null;
  await removeMovedNote(file);
  return touched ?? 'another move has begun to fill MongoDB: end that one first';
}

/** Why the file may not be as it was read; null where it is. */
async function whyTouched(
  file: string,
  { bytes }: Snapshot,
  lock: PoolFileLock,
): Promise<string | null> {
  const again = await readFileAt(file);
  if (again.status === 'unknown') return `${file}: ${again.reason}`;
  const isSameFile = again.status === 'ok' && again.snapshot.bytes.equals(bytes);
  if (isSameFile && lock.isHeld()) return null;
  return 'the file was written meanwhile: stop what writes it, then call again';
}

/** MongoDB's state into the file. @throws as `moveToMongodb`. */
export async function moveToFile(deps: MoveDeps): Promise<MoveReport> {
  return underLock(deps, async (file) => {
    const { db } = deps;
    const store = await observeStore(db);
    if (store === null) return refused('there is no pool state in MongoDB');
    if (store.status === 'moved') return endMoveToFile(deps, file, store.move);
    const answer = await readStore(db, 'active');
    if (answer.status === 'unknown') return refused(`the pool state in MongoDB: ${answer.reason}`);
    const { state, revision } = answer.stored;
    const hidden = unreadableIn(state);
    if (hidden !== null) return refused(`the pool state in MongoDB: ${hidden}`);
    const obstacle = await obstacleAt(file, state, store.placing);
    if (typeof obstacle === 'string') return refused(obstacle);
    const counts = countsOf(state);
    const kept = 'the documents in MongoDB';
    if (deps.isDryRun) return { status: 'would-move', counts, kept };
    // Before the file has its name again, so that no process takes it for the truth too early.
    await noteMoved(file, deps.now());
    const bytes = formatPoolState(state, store.move?.isNewlineTerminated ?? true);
    if (obstacle?.isOurs) await putAside(file);
    await notePlacing(db, sha256(bytes));
    await placeNewFile(file, bytes, store.move?.owner);
    const written = await readFileAt(file);
    if (written.status !== 'ok' || !isSame(written.snapshot.state, state)) {
      return refused(`${file} does not hold the state exactly as MongoDB has it`);
    }
    const move = noteOf(file, written.snapshot.bytes, deps.now());
    if (!(await markStoreMoved(db, revision, move))) {
      await putAside(file);
      return refused(
        'the pool state in MongoDB was written meanwhile; stop the workers, call again',
      );
    }
    await removeMovedNote(file);
    return { status: 'moved', counts, kept };
  });
}

/** The store has given the state away: to this file, or to none that is here. */
async function endMoveToFile(
  { isDryRun }: MoveDeps,
  file: string,
  move: MoveNote | undefined,
): Promise<MoveReport> {
  const target = await readFileAt(file);
  if (target.status === 'missing') {
    return refused(`it was moved to ${move?.file}, and there is no file ${file}`);
  }
  if (target.status === 'unknown') return refused(`${file}: ${target.reason}`);
  const isMoved = sha256(target.snapshot.bytes) === move?.sha256;
  if ((await whyMoved(file)) === null) {
    // Its name here; what it holds has changed since.
    const isThere = isMoved || file === move?.file;
    return isThere ? { status: 'already-there' } : refused(`it was moved to ${move?.file}`);
  }
  if (!isMoved) {
    return refused(
      `${file} is not as the move to it, which was cut short, has written it. If it is right as it is, remove ` +
        `${file}.moved: it is the pool state then`,
    );
  }
  const counts = countsOf(target.snapshot.state);
  const kept = 'the documents in MongoDB';
  if (isDryRun) return { status: 'would-move', counts, kept };
  await removeMovedNote(file);
  return { status: 'moved', counts, kept };
}

/** Why nothing must be written to the file; null where nothing is in the way, `isOurs` where a move that was cut short has
 * left it, and MongoDB has changed since. */
async function obstacleAt(
  file: string,
  wanted: PoolState,
  placing: string | undefined,
): Promise<string | { readonly isOurs: true } | null> {
  const target = await readFileAt(file);
  if (target.status === 'missing') return null;
  if (target.status === 'unknown') return `${file}: ${target.reason}`;
  if (isSame(target.snapshot.state, wanted)) return null;
  const isNoted = (await whyMoved(file)) !== null;
  if (isNoted && sha256(target.snapshot.bytes) === placing) return { isOurs: true };
  const { pools, bots } = countsOf(target.snapshot.state);
  return `${file} holds another pool state (${pools} pools, ${bots} bots): inspect it and move it aside`;
}

function putAside(file: string): Promise<void> {
  return rename(file, `${file}.outdated-${randomUUID()}`);
}

type FileReading =
  | { readonly status: 'ok'; readonly snapshot: Snapshot; readonly owner: FileOwner }
  | { readonly status: 'missing' }
  | { readonly status: 'unknown'; readonly reason: string };

/** Regardless of a marker beside it. */
async function readFileAt(file: string): Promise<FileReading> {
  try {
    const handle = await openForReading(file);
    try {
      const answer = await createPoolFileReader(file).readHandle(handle);
      return answer.status === 'ok' ? { ...answer, owner: await ownerOf(handle) } : answer;
    } finally {
      await handle.close();
    }
  } catch (err) {
    return errnoOf(err) === 'ENOENT'
      ? { status: 'missing' }
      : { status: 'unknown', reason: explain(err) };
  }
}

async function underLock(
  { file: configured, lockTimeoutMs = LOCK_TIMEOUT_MS }: MoveDeps,
  work: (file: string, lock: PoolFileLock) => Promise<MoveReport>,
): Promise<MoveReport> {
  const file = await fileBehind(configured);
  const lock = createPoolFileLock({ file, host: hostname(), timeoutMs: lockTimeoutMs });
  try {
    await lock.acquire(() => true);
    return await work(file, lock);
  } finally {
    lock.release();
  }
}

const LOCK_TIMEOUT_MS = 30_000;

/** The same values of the same types, in the same order. */
function isSame(a: PoolState, b: PoolState): boolean {
  return isDeepStrictEqual(a, b) && JSON.stringify(a) === JSON.stringify(b);
}

/** What would have to be carried over unread: a person repairs it first. */
function unreadableIn(state: PoolState): string | null {
  const { pools = {}, botMapping = {} } = state[UNREADABLE] ?? {};
  const [first] = [...Object.values(pools), ...Object.values(botMapping)];
  return first?.reason ?? null;
}

function countsOf({ pools, botMapping }: PoolState): MoveCounts {
  return { pools: Object.keys(pools).length, bots: Object.keys(botMapping).length };
}

function noteOf(file: string, bytes: Buffer, at: Date): MoveNote {
  return { file, sha256: sha256(bytes), isNewlineTerminated: bytes.at(-1) === 0x0a, at };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function refused(reason: string): MoveReport {
  return { status: 'refused', reason };
}
