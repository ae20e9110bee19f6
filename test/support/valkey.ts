// A Valkey of one test's own, so that it can be frozen and killed without anybody else noticing.

import { mkdir } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { OwnedServer } from '../../src/infra/embedded/owned-server.ts';
import { anyFreePort } from '../../src/infra/embedded/ports.ts';
import { startValkey, VALKEY, valkeyUrl } from '../../src/infra/embedded/valkey-server.ts';
import { createTestFolder } from './folder.ts';
import { serverProgram } from './server-program.ts';
import { stopProcess } from './stop-process.ts';

export interface TestValkey {
  readonly url: string;
  /** Connections stay open, nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Ends it at once, with everything it holds. */
  kill(): Promise<void>;
  /** Starts it again on its port, empty. */
  start(): Promise<void>;
}

export async function createTestValkey(): Promise<TestValkey> {
  const dataDir = await createTestFolder();
  await mkdir(`${dataDir}/valkey`);
  const path = await serverProgram(VALKEY);
  const port = await anyFreePort();
  const start = (): Promise<OwnedServer> =>
    startValkey({
      path,
      dataDir,
      choosePort: async () => port,
      isDurable: false,
      signal: new AbortController().signal,
    });
  let server = await start();
  const signal = (name: NodeJS.Signals) => void process.kill(server.process.pid, name);
  onTestFinished(async () => {
    // A frozen process hears nothing but this.
    if ((await state(server)) === 'running') signal('SIGCONT');
    await server.stop();
  });
  return {
    url: valkeyUrl(port),
    freeze: () => stopProcess(server.process.pid),
    thaw: () => signal('SIGCONT'),
    kill: async () => {
      signal('SIGKILL');
      await server.process.exited;
    },
    start: async () => {
      server = await start();
    },
  };
}

function state({ process: child }: OwnedServer): Promise<'running' | 'ended'> {
  return Promise.race([
    child.exited.then(() => 'ended' as const),
    new Promise<'running'>((resolve) => setImmediate(resolve, 'running')),
  ]);
}
