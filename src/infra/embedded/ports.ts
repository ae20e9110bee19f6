// Ports on the loopback interface. The first start searches below the range that systems hand out to
// outgoing connections: a port from inside it may be busy for a moment at any later start.

import { connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';
const TRIES = 100;

export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

/** The first free port at or after `from`. @throws when a hundred in a row are taken. */
export async function findFreePort(from: number): Promise<number> {
  for (let port = from; port < from + TRIES; port += 1) if (await isPortFree(port)) return port;
  throw new Error(`no free port between ${from} and ${from + TRIES - 1} on ${LOOPBACK}`);
}

/** Any free port, as the system gives it: for servers that live as long as one run. */
export async function anyFreePort(): Promise<number> {
  const port = await listenOnce(0);
  if (port === undefined) throw new Error(`no free port on ${LOOPBACK}`);
  return port;
}

/** Whether something accepts connections there now. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
