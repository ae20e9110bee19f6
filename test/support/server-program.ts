// The program of a server that a test starts by itself: the one that the set-up has found, or fetched into the project's cache.

import { fileURLToPath } from 'node:url';
import { findServer, type ServerKind } from '../../src/infra/embedded/server-binary.ts';

const CACHE = fileURLToPath(new URL('../../.cache/servers', import.meta.url));

/** Its path. @throws with the ways out when there is none. */
export async function serverProgram(kind: ServerKind): Promise<string> {
  const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
  const search = { cacheFolder: CACHE, recorded: undefined, onProgress };
  const { path } = await findServer(kind, search);
  return path;
}
