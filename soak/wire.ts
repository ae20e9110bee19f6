// A wire between the processes and one of their servers, which can refuse, freeze, and lose the reply to a request
// that the server has carried out: the cut that money fears (I2). One lost reply costs one connection; the others go
// on, as they do in earnest.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { LOOPBACK } from '../src/infra/embedded/ports.ts';

export interface Wire {
  readonly port: number;
  /** Loses the server's reply to the next request that contains the text, and with it its connection.
   * @returns false when there was no such request in time. */
  loseReply(text: string, withinMs: number): Promise<boolean>;
  /** Closes every connection and takes no new ones. */
  refuse(): void;
  /** Connections stay and are taken; nothing passes. */
  freeze(): void;
  heal(): void;
  /** Idempotent. */
  close(): Promise<void>;
}

type Mode = 'open' | 'refusing' | 'frozen';

interface Trap {
  readonly text: string;
  readonly sprung: (isSprung: boolean) => void;
}

export async function createWire(targetPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let mode: Mode = 'open';
  let trap: Trap | null = null;

  const join = (client: Socket) => {
    if (mode === 'refusing') return void client.destroy();
    const upstream = connect({ port: targetPort, host: LOOPBACK });
    let caught: Trap | null = null;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      if (mode === 'frozen') socket.pause();
      // A cut connection ends with an error on purpose; both sides end below.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (trap !== null && bytes.includes(trap.text)) {
        caught = trap;
        trap = null;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (caught === null) return void client.write(bytes);
      client.destroy();
      caught.sprung(true);
    });
  };

  const server = createServer(join);
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  let closing: Promise<unknown> | undefined;
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: portOf(server.address()),
    loseReply: (text, withinMs) => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const mine: Trap = { text, sprung: resolve };
      trap?.sprung(false);
      trap = mine;
      const timer = setTimeout(() => {
        if (trap === mine) trap = null;
        resolve(false);
      }, withinMs);
      return promise.finally(() => clearTimeout(timer));
    },
    refuse: () => {
      mode = 'refusing';
      cutAll();
    },
    freeze: () => {
      mode = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      mode = 'open';
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      mode = 'refusing';
      cutAll();
      closing ??= new Promise((resolve) => server.close(resolve));
      await closing;
    },
  };
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('the wire has no port');
  return address.port;
}
