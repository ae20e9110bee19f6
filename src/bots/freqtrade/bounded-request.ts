// One HTTP request to a bot: to an address that was resolved and checked, over a connection of its own, with a limit on
// time and on the body. Redirects are not followed: they would lead anywhere, credentials included.

import { request } from 'node:http';

export interface BotRequest {
  readonly method: 'GET' | 'POST';
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly authorization: string;
}

export type BotReply =
  | { readonly status: 'answered'; readonly code: number; readonly body: string }
  /** No connection, or one that broke before the answer began. */
  | { readonly status: 'unreachable' }
  | { readonly status: 'too-large' };

/** A balance of some hundred currencies has some ten thousand bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

export function sendToBot(order: BotRequest, signal: AbortSignal): Promise<BotReply> {
  const { method, address, port, path, authorization } = order;
  const { promise, resolve } = Promise.withResolvers<BotReply>();
  const headers = { authorization, accept: 'application/json', 'content-length': 0 };
  const options = { host: address, port, method, path, headers, agent: false, signal } as const;
  const sent = request(options, (reply) => {
    const chunks: Buffer[] = [];
    let size = 0;
    reply.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_BODY_BYTES) return;
      resolve({ status: 'too-large' });
      sent.destroy();
    });
    reply.on('end', () => {
      const code = reply.statusCode ?? 0;
      resolve({ status: 'answered', code, body: Buffer.concat(chunks).toString('utf8') });
    });
    // Cut in mid-answer.
    reply.on('error', () => resolve({ status: 'unreachable' }));
    reply.on('close', () => resolve({ status: 'unreachable' }));
  });
  sent.on('error', () => resolve({ status: 'unreachable' }));
  sent.end();
  return promise;
}
