// Reads the pool state file, which the platform rewrites in place, without a lock, at any moment (I4:
// what was read torn is read again, and in the end unknown, never empty).
//
// Whether the file is still the one that was parsed is decided by inode, size, mtime and ctime. File
// systems stamp in ticks of some milliseconds, so two writes within one tick have equal stamps: stamps that
// were young when they were read prove nothing, and then the bytes are compared, which is still a
// hundred times cheaper than parsing them.

import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { PoolState } from '../pool-state.ts';
import { parsePoolState } from '../pool-state-format.ts';
import { errnoOf } from './pool-file-errors.ts';
import { whyMoved } from './pool-file-moved.ts';

export interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface Snapshot {
  readonly stamp: FileStamp;
  /** Whether equal stamps prove equal bytes. */
  readonly isStampProof: boolean;
  readonly bytes: Buffer;
  readonly state: PoolState;
}

export type SnapshotAnswer =
  | { readonly status: 'ok'; readonly snapshot: Snapshot }
  | { readonly status: 'unknown'; readonly reason: string };

export type PoolFileReader = ReturnType<typeof createPoolFileReader>;

export function createPoolFileReader(file: string) {
  let cached: Snapshot | null = null;

  async function read(): Promise<SnapshotAnswer> {
    try {
      const moved = await whyMoved(file);
      if (moved !== null) return { status: 'unknown', reason: moved };
      if (cached?.isStampProof && isSameStamp(stampOf(await statOf(file)), cached.stamp)) {
        return { status: 'ok', snapshot: cached };
      }
      const handle = await openForReading(file);
      try {
        return await readHandle(handle);
      } finally {
        await handle.close();
      }
    } catch (err) {
      return { status: 'unknown', reason: explain(err) };
    }
  }

  async function readHandle(handle: FileHandle): Promise<SnapshotAnswer> {
    let reason = '';
    for (let tries = 1; tries <= TORN_TRIES; tries++) {
      const once = await readOnce(handle);
      if (once.status !== 'torn') return once;
      reason = once.reason;
      // No writer is at work any more: it will not become whole by waiting.
      if (once.ageMs > WRITE_IN_PROGRESS_MS) break;
      await pause(TORN_PAUSE_MS * tries);
    }
    return { status: 'unknown', reason };
  }

  async function readOnce(handle: FileHandle): Promise<SnapshotAnswer | Torn> {
    const before = await handle.stat({ bigint: true });
    const ageMs = ageOf(before);
    if (!before.isFile()) return { status: 'unknown', reason: 'it is not a regular file' };
    if (before.size > MAX_BYTES) return { status: 'unknown', reason: 'it is larger than 64 MiB' };
    const bytes = await readAll(handle, Number(before.size));
    const after = stampOf(await handle.stat({ bigint: true }));
    const stamp = stampOf(before);
    if (bytes === null || !isSameContentStamp(stamp, after)) {
      return { status: 'torn', reason: 'it is rewritten faster than it can be read', ageMs: 0 };
    }
    const isStampProof = ageMs > STAMP_PROOF_MS;
    const known = cached;
    if (known?.bytes.equals(bytes)) {
      return keep({ stamp: after, isStampProof, bytes: known.bytes, state: known.state });
    }
    const parsed = parsePoolState(bytes);
    if (parsed.status === 'malformed') return { status: 'torn', reason: parsed.reason, ageMs };
    return keep({ stamp: after, isStampProof, bytes, state: parsed.state });
  }

  function keep(snapshot: Snapshot): SnapshotAnswer {
    cached = snapshot;
    return { status: 'ok', snapshot };
  }

  return {
    /** The file's content as it was at some moment after the call; `unknown` where the pool state is a file no more. Costs
     * some `stat` calls when nothing changed. */
    read,
    /** The same from a handle, which still refers to this file when the name is given to another. */
    readHandle,
    /** Takes over what was just written, so that it need not be parsed again. */
    remember: (snapshot: Snapshot): void => {
      cached = snapshot;
    },
  };
}

/** Opens without waiting for the other end, should the path be a pipe. */
export function openForReading(file: string): Promise<FileHandle> {
  return open(file, constants.O_RDONLY | constants.O_NONBLOCK);
}

export function statOf(file: string) {
  return stat(file, { bigint: true });
}

export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: FileStamp): FileStamp {
  return { dev, ino, size, mtimeNs, ctimeNs };
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return isSameContentStamp(a, b) && a.ctimeNs === b.ctimeNs;
}

/** Without ctime, which also changes when a file loses its name. */
export function isSameContentStamp(a: FileStamp, b: FileStamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/** The whole content, or null when it is no longer as long as `size`. Reads by position, so that a
 * handle can be read again. */
export async function readAll(handle: FileHandle, size: number): Promise<Buffer | null> {
  // One byte more shows a file that has grown.
  const buffer = Buffer.allocUnsafe(size + 1);
  let filled = 0;
  while (filled <= size) {
    const { bytesRead } = await handle.read(buffer, filled, size + 1 - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === size ? buffer.subarray(0, size) : null;
}

/** Why a file cannot be read, for a person. */
export function explain(err: unknown): string {
  const errno = errnoOf(err);
  if (errno === 'ENOENT') return 'the file is missing';
  if (errno === 'EACCES' || errno === 'EPERM') return 'reading the file is not permitted';
  return `the file cannot be read (${errno === '' ? String(err) : errno})`;
}

interface Torn {
  readonly status: 'torn';
  readonly reason: string;
  /** How long ago the file was written to. */
  readonly ageMs: number;
}

/** Stamps are the system's clock, so their age is measured by it and by no clock handed in. */
function ageOf({ mtimeNs, ctimeNs }: Pick<FileStamp, 'mtimeNs' | 'ctimeNs'>): number {
  const newest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return Date.now() - Number(newest / 1_000_000n);
}

/** Twice the coarsest tick of Linux (10 ms): older stamps differ after any later write. */
const STAMP_PROOF_MS = 20;
/** The tries together wait at most 180 ms, for a rewrite in place that takes a few. */
const TORN_TRIES = 8;
const TORN_PAUSE_MS = 5;
const WRITE_IN_PROGRESS_MS = 2_000;
/** Some 150,000 bots. A larger file is an accident, and would take the memory of the process. */
const MAX_BYTES = 64n * 1024n * 1024n;
