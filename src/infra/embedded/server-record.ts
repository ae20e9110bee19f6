// What the first start chose, kept beside the data: the servers' products, versions and ports. They
// are kept while they are free, so that addresses which a person has written down stay right.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const SERVER = Type.Object({
  product: Type.String(),
  version: Type.String(),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
});

export type ServerRecord = Static<typeof RECORD>;
const RECORD = Type.Object({
  mongodb: Type.Optional(SERVER),
  valkey: Type.Optional(SERVER),
});

const FILE = 'servers.json';

/** @throws when the file is there but cannot be understood. */
export async function readServerRecord(dataDir: string): Promise<ServerRecord> {
  const path = join(dataDir, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
  const value = parsed(text);
  if (Value.Check(RECORD, value)) return value;
  throw new Error(
    `${path} does not name each server's product, version and port; restore it, or set DATA_DIR to another folder`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function writeServerRecord(dataDir: string, record: ServerRecord): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
