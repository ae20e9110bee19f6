// What both directions of a move of the pool state share. At every moment at most one of file and MongoDB is the pool
// state: the file's note and the store's status are set so that a move that was cut short leaves either the old backend
// in charge, or neither until the same move is called again. Nothing is lost: what is in the way and holds something
// else is left and reported, what was moved away is kept aside, and what was written is read back before it counts.

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Db } from 'mongodb';
import { fileBehind } from '../file/file-behind.ts';
import { type FileOwner, ownerOf } from '../file/keep-owner.ts';
import { errnoOf } from '../file/pool-file-errors.ts';
import { createPoolFileLock, type PoolFileLock } from '../file/pool-file-lock.ts';
import {
  createPoolFileReader,
  explain,
  openForReading,
  type Snapshot,
} from '../file/pool-file-reader.ts';
import type { PoolState } from '../pool-state.ts';
import { UNREADABLE } from '../unreadable-rows.ts';
import type { MoveNote } from './pool-documents.ts';

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

type FileReading =
  | { readonly status: 'ok'; readonly snapshot: Snapshot; readonly owner: FileOwner }
  | { readonly status: 'missing' }
  | { readonly status: 'unknown'; readonly reason: string };

/** Regardless of a marker beside it. */
export async function readFileAt(file: string): Promise<FileReading> {
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

export async function underLock(
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
export function isSame(a: PoolState, b: PoolState): boolean {
  return isDeepStrictEqual(a, b) && JSON.stringify(a) === JSON.stringify(b);
}

/** What would have to be carried over unread: a person repairs it first. */
export function unreadableIn(state: PoolState): string | null {
  const { pools = {}, botMapping = {} } = state[UNREADABLE] ?? {};
  const [first] = [...Object.values(pools), ...Object.values(botMapping)];
  return first?.reason ?? null;
}

export function countsOf({ pools, botMapping }: PoolState): MoveCounts {
  return { pools: Object.keys(pools).length, bots: Object.keys(botMapping).length };
}

export function noteOf(file: string, bytes: Buffer, at: Date): MoveNote {
  return { file, sha256: sha256(bytes), isNewlineTerminated: bytes.at(-1) === 0x0a, at };
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function refused(reason: string): MoveReport {
  return { status: 'refused', reason };
}
