// What a process of workers alone tells the outside: `/metrics`, as the API has them, and `/livez`. Its counters are
// nowhere else: each process counts what it does itself. Nothing here asks who is asking, as on the API: so it is off
// unless it is wanted, and on loopback unless told otherwise.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from './config.ts';

export interface MetricsListener {
  readonly url: string;
  /** Idempotent; cuts what is being answered. */
  stop(): Promise<void>;
}

export interface MetricsListenerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  readonly metrics: Scraped;
  readonly onError: (error: unknown) => void;
}

/** What a registry of prom-client is. */
interface Scraped {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** Nobody who scrapes sends slowly. */
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 50;

/** @throws ConfigError when the port cannot be had. */
export async function startMetricsListener({
  port,
  host,
  ...answering
}: MetricsListenerOptions): Promise<MetricsListener> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, answer(answering));
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const expected = `a port that can be had on METRICS_HOST (${why})`;
    throw new ConfigError([{ variable: 'METRICS_PORT', found: String(port), expected }]);
  }
  const { address, family, port: taken } = addressOf(server.address());
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer({
  metrics,
  onError,
}: Pick<MetricsListenerOptions, 'metrics' | 'onError'>): RequestListener {
  return (request, response) => {
    const send = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(405, 'text/plain', 'only GET and HEAD\n');
    } else if (request.url === '/livez') {
      send(200, 'application/json', '{"status":"ok"}');
    } else if (request.url === '/metrics') {
      metrics.metrics().then(
        (text) => send(200, metrics.contentType, text),
        (error: unknown) => {
          onError(error);
          send(500, 'text/plain', 'the metrics could not be collected\n');
        },
      );
    } else {
      send(404, 'text/plain', 'only /metrics and /livez\n');
    }
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('no address to listen on');
  return address;
}
