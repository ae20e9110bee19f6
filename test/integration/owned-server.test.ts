import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { anyFreePort, isPortKept } from '../../src/infra/embedded/ports.ts';
import { startValkey, VALKEY } from '../../src/infra/embedded/valkey-server.ts';
import { createTestFolder } from '../support/folder.ts';
import { serverProgram } from '../support/server-program.ts';

async function takenPort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  return (other.address() as AddressInfo).port;
}

it('the port was taken for the moment in which the server wanted it, and is free again: it is started once more', async () => {
  const dataDir = await createTestFolder();
  await mkdir(`${dataDir}/valkey`);
  const valkey = await serverProgram(VALKEY);
  // The first time it finds the port of another process in place of its own, which nobody has before or after.
  const taken = await takenPort();
  const path = `${dataDir}/valkey-once-late`;
  const script = `#!/bin/sh
if mkdir ${dataDir}/tried; then shift 2; set -- --port ${taken} "$@"; fi
exec ${valkey} "$@"
`;
  await writeFile(path, script, { mode: 0o700 });
  const port = await anyFreePort();
  const { signal } = new AbortController();
  const choosePort = async () => port;
  const server = await startValkey({ path, dataDir, choosePort, isDurable: false, signal });
  onTestFinished(() => server.stop());
  expect(server.port).toBe(port);
});

it('a port that another process only tried is not kept; one that stays taken is', async () => {
  const tried = [false, true];
  expect(await isPortKept(1, async () => tried.shift() ?? false)).toBe(false);
  expect(await isPortKept(await takenPort())).toBe(true);
});
