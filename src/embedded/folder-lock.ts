// One process at a time owns the data folder: two MongoDBs over one folder would end in a refused
// start at best. The lock names its process, and is broken only when that process is provably dead,
// never by age.

import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { identifyProcess, isAlive, parseIdentity } from './process-identity.ts';

export interface FolderLock {
  /** Idempotent. */
  release(): Promise<void>;
}

const ATTEMPTS = 5;

/** @throws when a live process, or one on another host, holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'embedded.lock');
  const content = JSON.stringify({ ...(await identifyProcess(process.pid)), host: hostname() });
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, content);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      // A link appears with its whole content or not at all, and only where there is none yet.
      if (await succeeds(link(mine, path), 'EEXIST'))
        return { release: () => release(path, content) };
      await breakIfDead(folder, path);
    }
    throw new Error(`${path}: taken over and over by others; try again`);
  } finally {
    await rm(mine, { force: true });
  }
}

async function breakIfDead(folder: string, path: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === undefined) return;
  const holder = parseLock(found);
  if (holder === undefined) {
    throw new Error(`${path} is not readable as a lock; delete it when no server uses ${folder}`);
  }
  if (holder.host !== hostname()) {
    throw new Error(
      `${folder} is in use by process ${holder.identity.pid} on host ${holder.host}; ` +
        `if that host is gone, delete ${path}`,
    );
  }
  if (await isAlive(holder.identity)) {
    throw new Error(
      `${folder} is in use by process ${holder.identity.pid}; stop it, or set DATA_DIR to another folder`,
    );
  }
  // Moved aside under a name of its own: of two processes that break it only one succeeds, and what
  // was moved is put back when it is not the dead lock that was read.
  const aside = `${path}.${randomUUID()}`;
  if (!(await succeeds(rename(path, aside), 'ENOENT'))) return;
  if ((await readFile(aside, 'utf8')) !== found) await succeeds(link(aside, path), 'EEXIST');
  await rm(aside, { force: true });
}

async function release(path: string, content: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === content) await rm(path, { force: true });
}

function parseLock(text: string) {
  try {
    const value: unknown = JSON.parse(text);
    const identity = parseIdentity(value);
    if (identity === undefined || typeof value !== 'object' || value === null) return undefined;
    if (!('host' in value) || typeof value.host !== 'string') return undefined;
    return { identity, host: value.host };
  } catch {
    return undefined;
  }
}

async function succeeds(call: Promise<unknown>, refusal: string): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === refusal) return false;
    throw error;
  }
}
