// One process at a time owns the data folder: two MongoDBs over one folder would end in a refused
// start at best. The lock names its process, and is broken only when that process is provably dead,
// never by age.

import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  identifyProcess,
  isAlive,
  type ProcessIdentity,
  parseIdentity,
} from './process-identity.ts';

export interface FolderLock {
  /** Idempotent. */
  release(): Promise<void>;
}

const ATTEMPTS = 20;
const PAUSE_MS = 50;

/** @throws when a live process, or one on another host, holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'embedded.lock');
  const id = randomUUID();
  const owner = await identifyProcess(process.pid);
  const content = JSON.stringify({ ...owner, host: hostname(), id });
  const mine = `${path}.mine-${id}`;
  await writeFile(mine, content, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      // A link appears with its whole content or not at all, and only where there is none yet.
      if (await succeeds(link(mine, path), 'EEXIST'))
        return { release: () => release(path, content) };
      await breakIfDead(folder, path);
    }
    throw new Error(`${path} cannot be taken; delete ${path}* when no server uses ${folder}`);
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
  // Only who holds the right to break exactly this lock removes it, and looks again first: a lock that
  // somebody took in between has another content, and its own right.
  const right = `${path}.${holder.id}`;
  if (!(await succeeds(writeFile(right, '', { flag: 'wx', mode: 0o600 }), 'EEXIST')))
    return waitABit();
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === found) await rm(path);
  } finally {
    await rm(right, { force: true });
  }
}

async function release(path: string, content: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === content) await rm(path, { force: true });
}

interface Holder {
  readonly identity: ProcessIdentity;
  readonly host: string;
  /** Names this one lock; no other ever has it. */
  readonly id: string;
}

function parseLock(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const identity = parseIdentity(value);
    if (identity === undefined || typeof value !== 'object' || value === null) return undefined;
    if (!('host' in value) || typeof value.host !== 'string') return undefined;
    if (!('id' in value) || typeof value.id !== 'string') return undefined;
    return /^[\w-]{1,64}$/.test(value.id)
      ? { identity, host: value.host, id: value.id }
      : undefined;
  } catch {
    return undefined;
  }
}

function waitABit(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
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
