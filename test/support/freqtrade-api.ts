// A server that speaks the part of freqtrade's REST API that tells what a bot is worth, well or badly, on a port of its own.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const BOT_CREDENTIALS = {
  username: 'freqtrader',
  password: 'a-s3cret-of-this-bot',
} as const;

export interface FreqtradeApi {
  readonly port: number;
  /** Method and path of every request, in order. */
  readonly asked: readonly string[];
  /** What it takes for good: basic credentials, or a token that they buy. */
  takes: 'basic' | 'token' | 'nothing';
  /** What it does when the credentials are good. */
  answer: (reply: ServerResponse, request: IncomingMessage) => void;
}

/** A balance as freqtrade writes one; the wallet's currency is USD. */
function balance(total: unknown, stake: unknown = 'USD') {
  const currencies = [{ currency: 'USD', free: total, balance: total, used: 0, est_stake: total }];
  return { currencies, total, total_bot: total, symbol: 'EUR', value: 1, stake, note: 'Simulated' };
}

export function sendJson(reply: ServerResponse, body: unknown, code = 200): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  reply.writeHead(code, { 'content-type': 'application/json' }).end(text);
}

export async function startFreqtradeApi(total: unknown = 400): Promise<FreqtradeApi> {
  const asked: string[] = [];
  const basic = `Basic ${Buffer.from(`${BOT_CREDENTIALS.username}:${BOT_CREDENTIALS.password}`).toString('base64')}`;
  const server = createServer((request, reply) => {
    const { method, url } = request;
    const { authorization } = request.headers;
    asked.push(`${method} ${url}`);
    if (url === '/api/v1/token/login' && method === 'POST') {
      const isGood = api.takes === 'token' && authorization === basic;
      const token = { access_token: 'a.jwt.token', refresh_token: 'another' };
      return sendJson(reply, isGood ? token : { detail: 'Unauthorized' }, isGood ? 200 : 401);
    }
    const wanted = { basic, token: 'Bearer a.jwt.token', nothing: null }[api.takes];
    if (url !== '/api/v1/balance' || method !== 'GET') return sendJson(reply, {}, 404);
    if (authorization !== wanted) return sendJson(reply, { detail: 'Unauthorized' }, 401);
    return api.answer(reply, request);
  });
  const api: FreqtradeApi & { port: number } = {
    port: 0,
    asked,
    takes: 'basic',
    answer: (reply) => sendJson(reply, balance(total)),
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  api.port = (server.address() as AddressInfo).port;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return api;
}

/** The bot's own config.json, as the platform writes it. */
export function botConfig(port: number, given: Readonly<Record<string, unknown>> = {}) {
  const api_server = { enabled: true, listen_ip_address: '0.0.0.0', listen_port: port };
  return {
    ...{ stake_currency: 'USD', dry_run: true },
    api_server: { ...api_server, ...BOT_CREDENTIALS, ...given },
  };
}
