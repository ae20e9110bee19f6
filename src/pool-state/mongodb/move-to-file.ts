// Moves the pool state from MongoDB back into the platform's file (pool-state-move.ts).

import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { noteMoved, removeMovedNote, whyMoved } from '../file/pool-file-moved.ts';
import { placeNewFile } from '../file/pool-file-replacement.ts';
import type { PoolState } from '../pool-state.ts';
import { formatPoolState } from '../pool-state-format.ts';
import type { MoveNote } from './pool-documents.ts';
import { readStore } from './pool-documents-reader.ts';
import { markStoreMoved, notePlacing, observeStore } from './pool-documents-store.ts';
import {
  countsOf,
  isSame,
  type MoveDeps,
  type MoveReport,
  noteOf,
  readFileAt,
  refused,
  sha256,
  underLock,
  unreadableIn,
} from './pool-state-move.ts';

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
    const target = await observeTarget(file, state, store.placing);
    if (target.status === 'occupied') return refused(target.reason);
    const counts = countsOf(state);
    const kept = 'the documents in MongoDB';
    if (deps.isDryRun) return { status: 'would-move', counts, kept };
    // Before the file has its name again, so that no process takes it for the truth too early.
    await noteMoved(file, deps.now());
    const bytes = formatPoolState(state, store.move?.isNewlineTerminated ?? true);
    if (target.status === 'outdated') await putAside(file);
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

type Target =
  /** Nothing is there, or exactly what is to be written. */
  | { readonly status: 'free' }
  /** A move that was cut short has left it, and MongoDB has changed since. */
  | { readonly status: 'outdated' }
  | { readonly status: 'occupied'; readonly reason: string };

/** @param placing the digest of what a move has last begun to write there. */
async function observeTarget(
  file: string,
  wanted: PoolState,
  placing: string | undefined,
): Promise<Target> {
  const target = await readFileAt(file);
  if (target.status === 'missing') return { status: 'free' };
  if (target.status === 'unknown') {
    return { status: 'occupied', reason: `${file}: ${target.reason}` };
  }
  const { snapshot } = target;
  if (isSame(snapshot.state, wanted)) return { status: 'free' };
  const isNoted = (await whyMoved(file)) !== null;
  if (isNoted && sha256(snapshot.bytes) === placing) return { status: 'outdated' };
  const { pools, bots } = countsOf(snapshot.state);
  const reason = `${file} holds another pool state (${pools} pools, ${bots} bots): inspect it and move it aside`;
  return { status: 'occupied', reason };
}

function putAside(file: string): Promise<void> {
  return rename(file, `${file}.outdated-${randomUUID()}`);
}
