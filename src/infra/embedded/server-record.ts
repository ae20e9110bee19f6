// What the first start chose, kept beside the data: the servers' products, versions and ports. They
// are kept while they are free, so that addresses which a person has written down stay right.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerVersion } from './server-binary.ts';

export interface RecordedServer extends ServerVersion {
  readonly port: number;
}

export interface ServerRecord {
  readonly mongodb?: RecordedServer;
  readonly valkey?: RecordedServer;
}

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null) {
    throw new Error(`${path} is not readable; restore it, or set DATA_DIR to another folder`);
  }
  const mongodb = 'mongodb' in value ? parseServer(value.mongodb, path) : undefined;
  const valkey = 'valkey' in value ? parseServer(value.valkey, path) : undefined;
  return { ...(mongodb && { mongodb }), ...(valkey && { valkey }) };
}

export async function writeServerRecord(dataDir: string, record: ServerRecord): Promise<void> {
  const path = join(dataDir, FILE);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function parseServer(value: unknown, path: string): RecordedServer {
  if (typeof value === 'object' && value !== null) {
    const { product, version, port }: Record<string, unknown> = { ...value };
    const isPort = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536;
    if (typeof product === 'string' && typeof version === 'string' && isPort) {
      return { product, version, port };
    }
  }
  throw new Error(
    `${path} holds no product, version and port; restore it, or set another DATA_DIR`,
  );
}
