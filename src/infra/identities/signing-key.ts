// The key that signs local tokens: a file under DATA_DIR that only its owner can read. Processes may
// start at once on one DATA_DIR: the key is written aside and linked into place, which succeeds for
// exactly one of them, and no process ever reads half a key.

import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const KEY_FILE = 'local-auth.key';
const KEY_BYTES = 32;

/** Reads the key, making it first where there is none.
 * @throws Error when the file is readable by others or is not a key. */
export async function loadSigningKey(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, KEY_FILE);
  const existing = await readKey(path);
  if (existing !== null) return existing;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await createExclusively(path);
  const created = await readKey(path);
  if (created === null) throw new Error(`${path} vanished while it was made`);
  return created;
}

async function createExclusively(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(KEY_BYTES));
    await file.sync();
    await link(aside, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await file.close();
    await rm(aside);
  }
}

async function readKey(path: string): Promise<Uint8Array | null> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) throw new Error(`${path} can be read by others: chmod 600 it`);
    const key = await file.readFile();
    if (key.length !== KEY_BYTES)
      throw new Error(`${path} is not a key: it has ${key.length} bytes`);
    return key;
  } finally {
    await file.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
