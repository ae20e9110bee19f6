// What a failure of the file system means to a saga: nothing was changed, try again later.

import { UnavailableError } from '@reclaim/saga';

/** The errno name of a failed file operation, '' for anything else. */
export function errnoOf(err: unknown): string {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : '';
}

/** For failures of which it is certain that the state file is as it was. */
export function unchanged(file: string, what: string, err: unknown): UnavailableError {
  if (err instanceof UnavailableError) return err;
  const errno = errnoOf(err);
  const code = CODES.get(errno) ?? 'POOL_STATE_WRITE_FAILED';
  const why = errno === '' ? String(err) : errno;
  return new UnavailableError(code, `${what} failed (${why}); ${file} is unchanged`, {
    cause: err,
    context: { file, errno },
  });
}

/** The state cannot be understood, so nothing may be written over it. */
export function unreadable(file: string, reason: string): UnavailableError {
  return new UnavailableError('POOL_STATE_UNREADABLE', `pool state ${file}: ${reason}`, {
    context: { file, reason },
  });
}

const CODES: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'POOL_STATE_DISK_FULL'],
  ['EDQUOT', 'POOL_STATE_DISK_FULL'],
  ['EFBIG', 'POOL_STATE_DISK_FULL'],
  ['EACCES', 'POOL_STATE_NOT_WRITABLE'],
  ['EPERM', 'POOL_STATE_NOT_WRITABLE'],
  ['EROFS', 'POOL_STATE_NOT_WRITABLE'],
  // Renaming onto a file that is itself a mount point; the folder has to be mounted instead.
  ['EBUSY', 'POOL_STATE_NOT_WRITABLE'],
]);
