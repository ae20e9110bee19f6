// Moves the pool state from the platform's file into MongoDB (pool-state-move.ts).

import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PoolFileLock } from '../file/pool-file-lock.ts';
import { noteMoved, removeMovedNote, whyMoved } from '../file/pool-file-moved.ts';
import type { Snapshot } from '../file/pool-file-reader.ts';
import { syncFolder } from '../file/pool-file-replacement.ts';
import type { PoolState } from '../pool-state.ts';
import type { MoveNote } from './pool-documents.ts';
import { readStore } from './pool-documents-reader.ts';
import { activateStore, fillStore, markStoreMoved, observeStore } from './pool-documents-store.ts';
import {
  countsOf,
  isSame,
  type MoveDeps,
  type MoveReport,
  noteOf,
  readFileAt,
  refused,
  underLock,
  unreadableIn,
} from './pool-state-move.ts';

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
