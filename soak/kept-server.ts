// A database server of the run's own, on a port and a folder that outlive its deaths.

import type { OwnedServer } from '../src/infra/embedded/owned-server.ts';

export interface KeptServer {
  readonly port: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** On its port and data; resolves when it serves again. */
  restart(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export async function keepServer(start: () => Promise<OwnedServer>): Promise<KeptServer> {
  let server = await start();
  let starting: Promise<OwnedServer> = Promise.resolve(server);
  return {
    port: server.port,
    kill: async () => {
      process.kill(server.process.pid, 'SIGKILL');
      await server.process.exited;
    },
    restart: async () => {
      starting = start();
      server = await starting;
    },
    stop: async () => {
      // One that is on its way up is waited for, or it would be left behind.
      await starting.then((last) => last.stop()).catch(() => server.stop());
    },
  };
}
