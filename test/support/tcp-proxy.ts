// A wire between a client and a server that can be cut: before anything passes, or after the server has
// got a request and before its answer comes back. That second cut is the one that money fears.

import net from 'node:net';
import { onTestFinished } from 'vitest';

export interface TcpProxy {
  readonly port: number;
  /** The next request whose bytes contain `text` reaches the server; its answer does not come back, and
   * nothing passes any more until `heal`. Resolves when the server has answered into the void. */
  cutAfter(text: string): Promise<void>;
  /** The next request whose bytes contain all of `texts` does not reach the server, and neither does anything
   * after it on its connection; the others go on. Resolves when it is held. It is never let through. */
  holdBefore(...texts: readonly string[]): Promise<void>;
  /** Closes every connection and refuses new ones until `heal`. */
  cut(): void;
  /** Connections stay open and are accepted, but nothing passes until `heal`. */
  freeze(): void;
  heal(): void;
  /** How many connections were refused since the start. */
  refusals(): number;
}

export async function createTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  let isCut = false;
  let isFrozen = false;
  let refused = 0;
  let trap: { text: string; sprung: () => void } | undefined;
  let barrier: { texts: readonly string[]; reached: () => void } | undefined;

  function cut(): void {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  }

  const server = net.createServer((client) => {
    if (isCut) {
      refused += 1;
      return void client.destroy();
    }
    const upstream = net.connect(target);
    let isTrapped = false;
    let isHeld = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      if (isFrozen) socket.pause();
      // A cut connection ends with an error on purpose; closing is handled once, below.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (barrier?.texts.every((text) => bytes.includes(text))) {
        isHeld = true;
        barrier.reached();
        barrier = undefined;
      }
      if (isHeld) return;
      isTrapped ||= trap !== undefined && bytes.includes(trap.text);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!isTrapped) return void client.write(bytes);
      const { sprung } = trap ?? {};
      trap = undefined;
      cut();
      sprung?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    cut,
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    heal: () => {
      isCut = false;
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    refusals: () => refused,
    holdBefore: (...texts) =>
      new Promise((resolve) => {
        barrier = { texts, reached: resolve };
      }),
    cutAfter: (text) =>
      new Promise((resolve) => {
        trap = { text, sprung: resolve };
      }),
  };
}
