// Ports on the loopback interface, all below the range that systems hand out to outgoing connections (Linux from 32,768
// on): one from inside it may be busy at any later start of the server that has it.

import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export const LOOPBACK = '127.0.0.1';
const TRIES = 100;
const [ANY_FROM, ANY_BELOW] = [10_000, 32_768];

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}

/** Whether something keeps the port: a process that tries which ports are free has each of them for an instant. */
export async function isPortKept(port: number, isFree = isPortFree): Promise<boolean> {
  for (let asked = 0; asked < 3; asked += 1) {
    if (asked > 0) await pause(100);
    if (await isFree(port)) return false;
  }
  return true;
}

/** The first free port at or after `from`. @throws when a hundred in a row are taken. */
export async function findFreePort(from: number): Promise<number> {
  for (let port = from; port < from + TRIES; port += 1) if (await isPortFree(port)) return port;
  throw new Error(`no free port between ${from} and ${from + TRIES - 1} on ${LOOPBACK}`);
}

/** Any free port: for servers that live as long as one run. @throws when a hundred are taken. */
export async function anyFreePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = randomInt(ANY_FROM, ANY_BELOW);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`no free port on ${LOOPBACK}`);
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
