// A server in the place of the platform's orchestrator, on a port of its own: it notes what it is asked, and answers as told.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const PLATFORM_TOKEN = 'an-administrators-token-of-the-platform';

export interface PlatformServer {
  readonly url: string;
  /** Method, address and authorization of every request, in order. */
  readonly asked: readonly string[];
  answer: (reply: ServerResponse, request: IncomingMessage) => void;
}

/** What it is asked for this path. */
export const askedFor = (path: string) => `DELETE ${path} Bearer ${PLATFORM_TOKEN}`;

export function replyWith(status: number, headers: Readonly<Record<string, string>> = {}) {
  return (reply: ServerResponse) => void reply.writeHead(status, headers).end('{"success":true}');
}

export async function startPlatformServer(): Promise<PlatformServer> {
  const asked: string[] = [];
  const server = createServer((request, reply) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    platform.answer(reply, request);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const platform: PlatformServer = { url, asked, answer: replyWith(200) };
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return platform;
}
