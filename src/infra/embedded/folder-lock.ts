// One process at a time owns the data folder: two MongoDBs over one folder would end in a refused
// start at best. The kernel's lock ends with its holder, however that ends.

import { join } from 'node:path';
import { createKernelLock, holderPathOf } from '../kernel-lock.ts';

export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

/** A run that ends frees its folder in this time; another start at this moment takes it in turn. */
const TIMEOUT_MS = 250;

/** @throws when a live process, or one on another host, holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'embedded.lock');
  const lock = createKernelLock({ path });
  const { status, ...refused } = await lock.take({ timeoutMs: TIMEOUT_MS });
  if (status === 'taken') return lock;
  const holder = 'holder' in refused ? refused.holder : null;
  if (status === 'foreign') {
    const who = holder === null ? 'another host' : `process ${holder.pid} on host ${holder.host}`;
    throw new Error(`${folder} is in use by ${who}; if that is gone, delete ${holderPathOf(path)}`);
  }
  const who = holder === null ? 'another process' : `process ${holder.pid}`;
  throw new Error(`${folder} is in use by ${who}; stop it, or set DATA_DIR to another folder`);
}
