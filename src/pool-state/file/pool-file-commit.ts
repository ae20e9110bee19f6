// Carries a batch of changes into the pool state file, inside the lock. Where the platform wrote in
// between, its write is the newer truth and the changes are applied again on top of it, a bounded
// number of times. A change is pure, so applying it again is harmless.

import { dirname } from 'node:path';
import { InDoubtError, UnavailableError } from '@reclaim/saga';
import { applyAll, settle } from '../apply-mutations.ts';
import type { PendingMutation } from '../mutation-queue.ts';
import type { PoolState } from '../pool-state.ts';
import { formatPoolState } from '../pool-state-format.ts';
import { unreadable } from './pool-file-errors.ts';
import { whyMoved } from './pool-file-moved.ts';
import { explain, openForReading, type PoolFileReader } from './pool-file-reader.ts';
import {
  type OpenSnapshot,
  type Replacement,
  type ReplacementDeps,
  replaceFile,
  syncFolder,
} from './pool-file-replacement.ts';

export interface CommitDeps extends ReplacementDeps {
  readonly reader: PoolFileReader;
  readonly now: () => Date;
  readonly onRedone: (status: Replacement['status']) => void;
  readonly onRenamed: () => void;
}

/** Decides every pending mutation of the batch whose change does not throw.
 * @throws what then holds for all that are still open: UnavailableError (unchanged) or InDoubtError. */
export async function commitBatch(
  deps: CommitDeps,
  batch: readonly PendingMutation[],
): Promise<void> {
  let base = await openSnapshot(deps);
  // The platform's write that went to the file we had just replaced: the newest there is.
  let overtaking: PoolState | null = null;
  let hasRenamed = false;
  const changedBy = new Set<PendingMutation>();
  try {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const source = overtaking ?? base.state;
      const applied = applyAll(source, batch);
      if (applied.state === source && overtaking === null) {
        if (hasRenamed) await syncFolder(dirname(deps.file));
        return settle(batch, changedBy, source);
      }
      const state = { ...applied.state, updatedAt: deps.now().toISOString() };
      const bytes = formatPoolState(state, base.bytes.at(-1) === NEWLINE);
      const result = await replaceFile(deps, base, bytes);
      if (result.status !== 'changed-before') {
        hasRenamed = true;
        deps.onRenamed();
        for (const pending of applied.changedBy) changedBy.add(pending);
      }
      if (result.status === 'replaced') {
        deps.reader.remember({ stamp: result.stamp, isStampProof: false, bytes, state });
        return settle(batch, changedBy, state);
      }
      deps.onRedone(result.status);
      overtaking = result.status === 'overtaken' ? await readOvertaking(deps, base) : null;
      await base.handle.close();
      base = await openSnapshot(deps);
      // Not what we put in position: the platform has written since, and knows of its write before.
      if (overtaking !== null && !base.bytes.equals(bytes)) overtaking = null;
    }
  } catch (err) {
    if (!hasRenamed || err instanceof InDoubtError) throw err;
    throw inDoubt(deps.file, err);
  } finally {
    await base.handle.close();
  }
  const message = `the pool state was rewritten by others ${MAX_TRIES} times during one change`;
  if (hasRenamed) throw inDoubt(deps.file, message);
  throw new UnavailableError('POOL_STATE_CONTENDED', message, { context: { file: deps.file } });
}

async function openSnapshot({ file, reader }: CommitDeps): Promise<OpenSnapshot> {
  const moved = await whyMoved(file);
  if (moved !== null) throw unreadable(file, moved);
  const handle = await openForReading(file).catch((err: unknown) => {
    throw unreadable(file, explain(err));
  });
  try {
    const answer = await reader.readHandle(handle);
    if (answer.status === 'unknown') throw unreadable(file, answer.reason);
    return { ...answer.snapshot, handle };
  } catch (err) {
    await handle.close();
    throw err;
  }
}

/** Null when it never became whole: the platform died in the middle of its write, and what we put in
 * position, made from the state before, is the last whole one. */
async function readOvertaking({ reader }: CommitDeps, base: OpenSnapshot) {
  const answer = await reader.readHandle(base.handle);
  return answer.status === 'ok' ? answer.snapshot.state : null;
}

function inDoubt(file: string, cause: unknown): InDoubtError {
  return new InDoubtError(
    'POOL_STATE_WRITE_IN_DOUBT',
    `${file} was written and then rewritten by others`,
    { cause, context: { file } },
  );
}

/** Each try meets another write of the platform within some milliseconds; more is a fight. */
const MAX_TRIES = 10;
const NEWLINE = 0x0a;
