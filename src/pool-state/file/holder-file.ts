// Exclusive files that say who holds them, and the only way in which one of a dead process is removed.
//
// Taking is link(2): the holder's name is written and fsynced once, to a file of its own, and a taken
// file is a second name of it. So it is exclusive, never seen half-written, not even after a power
// cut, and taking it costs one system call.
//
// Removing the file of a dead process (I5: one writer) is where locks usually break: two processes
// read the same dead holder, the first removes and takes it, the second removes the first's. Here
// nobody removes a dead holder's file without the claim `<lock>.break-<token of the dead>`, itself a
// file taken this way, and looks again under the claim. This is safe because
//   1. at most one living process has the claim on a token: link is exclusive, and a claim is removed
//      by its own holder, or, when that one died, under the claim on ITS token (same rule again);
//   2. a file that names a dead holder cannot change while I have the claim on it: the dead one does
//      nothing, everybody else needs my claim, and a taken name cannot be taken again;
//   3. so what I saw under the claim is what I remove. Where the look shows another holder, somebody
//      else was first and nothing is removed.
// A process that stops anywhere in between leaves a claim of a dead process, which rule 1 covers; each
// level takes one more death, so the depth is bounded. Age plays no part.

import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { errnoOf } from './pool-file-errors.ts';
import { isProvablyDead, markOf, type ProcessMark } from './process-mark.ts';

export interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly startMark: ProcessMark;
  readonly token: string;
}

export type TakeResult =
  | { readonly status: 'taken' }
  /** Free or about to be: a dead holder's file was removed, or the holder freed it just now. */
  | { readonly status: 'try-again'; readonly isBroken: boolean }
  /** Holder null: the content names nobody, so nobody can be proven dead. */
  | { readonly status: 'held'; readonly holder: Holder | null };

export interface HolderFiles {
  /** One try. Repeating it for a file that this holder already has is `taken`. */
  take(path: string): Promise<TakeResult>;
  /** Whether the file at `path` is this holder's, now. */
  isMine(path: string): Promise<boolean>;
  /** Removes the file if it is this holder's; another's stays. */
  free(path: string): Promise<void>;
  /** Removes what dead holders left: their own files (`ownFiles`) and their claims. */
  clearDead(paths: readonly string[]): Promise<void>;
  /** Removes this holder's own file. Idempotent. */
  close(): Promise<void>;
}

/** @param deps.lockPath names every file made here; `token` must be new for each call. Not for use by
 * two callers at once: one holder is one line of action. */
export function createHolderFiles(deps: {
  readonly lockPath: string;
  readonly host: string;
  readonly token: string;
}): HolderFiles {
  const { lockPath, host, token } = deps;
  const ownPath = `${lockPath}.by-${token}`;
  let own: FileId | null = null;

  async function take(path: string, depth = 0): Promise<TakeResult> {
    own ??= await writeOwn();
    try {
      await link(ownPath, path);
      return { status: 'taken' };
    } catch (err) {
      if (errnoOf(err) === 'ENOENT') return rewriteOwn(err);
      if (errnoOf(err) !== 'EEXIST') throw err;
    }
    const holder = await readHolder(path);
    if (holder === 'gone') return { status: 'try-again', isBroken: false };
    if (holder === null) return { status: 'held', holder };
    // Left by a removal that failed; this holder is alive, so it is simply still the holder.
    if (holder.token === token) return { status: 'taken' };
    const isDead = holder.host === host && (await isProvablyDead(holder.pid, holder.startMark));
    if (!isDead || depth >= MAX_DEPTH) return { status: 'held', holder };
    return { status: 'try-again', isBroken: await removeOfDead(path, holder, depth) };
  }

  async function removeOfDead(path: string, dead: Holder, depth: number): Promise<boolean> {
    const claim = `${lockPath}.break-${dead.token}`;
    if ((await take(claim, depth + 1)).status !== 'taken') return false;
    try {
      const holder = await readHolder(path);
      if (holder === 'gone' || holder?.token !== dead.token) return false;
      await unlink(path);
      return true;
    } finally {
      await free(claim);
    }
  }

  async function writeOwn(): Promise<FileId> {
    const holder: Holder = { host, pid: process.pid, startMark: await markOf(process.pid), token };
    // Not exclusive: the token is ours alone, and a try that failed half-way is written again.
    const handle = await open(ownPath, 'w', 0o644);
    try {
      await handle.writeFile(`${JSON.stringify(holder)}\n`);
      await handle.sync();
      const { dev, ino } = await handle.stat({ bigint: true });
      return { dev, ino };
    } finally {
      await handle.close();
    }
  }

  /** Somebody tidied our own file away (or the folder is gone: then writing it again says so). */
  async function rewriteOwn(cause: unknown): Promise<TakeResult> {
    const isThere = await stat(ownPath).then(
      () => true,
      () => false,
    );
    if (isThere) throw cause;
    own = await writeOwn();
    return { status: 'try-again', isBroken: false };
  }

  async function isMine(path: string): Promise<boolean> {
    const seen = await fileIdOf(path);
    return own !== null && seen !== null && seen.ino === own.ino && seen.dev === own.dev;
  }

  async function free(path: string): Promise<void> {
    if (await isMine(path)) await removeIfThere(path);
  }

  async function clearDead(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const holder = await readHolder(path);
      if (holder === 'gone' || holder === null || holder.host !== host) continue;
      if (holder.token === token || !(await isProvablyDead(holder.pid, holder.startMark))) continue;
      // A dead holder's own file is never made again by anyone: no claim is needed to remove it.
      if (path.endsWith(`.by-${holder.token}`)) await removeIfThere(path);
      else await removeOfDead(path, holder, 0);
    }
  }

  async function close(): Promise<void> {
    own = null;
    await removeIfThere(ownPath);
  }

  return { take: (path) => take(path), isMine, free, clearDead, close };
}

interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Deaths amid the breaking of a lock that one look goes through; more are met by the next look. */
const MAX_DEPTH = 4;
/** A holder's file is some 200 bytes; what is larger was not written by us. */
const MAX_HOLDER_BYTES = 4_096n;
/** A token becomes part of a file name. */
const TOKEN = /^[0-9a-f-]{8,64}$/;

async function readHolder(path: string): Promise<Holder | null | 'gone'> {
  try {
    const { size } = await stat(path, { bigint: true });
    return size > MAX_HOLDER_BYTES ? null : parseHolder(await readFile(path, 'utf8'));
  } catch (err) {
    if (errnoOf(err) === 'ENOENT') return 'gone';
    throw err;
  }
}

function parseHolder(text: string): Holder | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { host, pid, startMark, token } = value as Partial<Record<string, unknown>>;
  if (typeof host !== 'string' || typeof startMark !== 'string') return null;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return null;
  if (typeof token !== 'string' || !TOKEN.test(token)) return null;
  return { host, pid, startMark, token };
}

async function fileIdOf(path: string): Promise<FileId | null> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return { dev, ino };
  } catch (err) {
    if (errnoOf(err) === 'ENOENT') return null;
    throw err;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (err) {
    if (errnoOf(err) !== 'ENOENT') throw err;
  }
}
