// What a process serves on a port of its own: `/metrics`, money at risk included, and `/livez`. Each process counts
// what it does itself, and a process of workers alone has no other port. It is off by default, on loopback unless
// configured otherwise, and demands the token where METRICS_TOKEN sets one.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isBearer } from '../api/is-bearer.ts';
import { type Config, ConfigError } from './config.ts';

export interface MetricsListenerOptions {
  readonly config: Pick<Config, 'metricsPort' | 'metricsHost' | 'metricsToken'>;
  readonly metrics: { readonly registry: Scraped };
  readonly log: { warn(facts: object, message: string): void };
}

/** What a registry of prom-client is. */
interface Scraped {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** No scraper sends slowly. */
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 50;

/** Null where METRICS_PORT is unset. @throws ConfigError when the port cannot be had. */
export async function listenForMetrics(options: MetricsListenerOptions) {
  const { metricsPort: port, metricsHost: host } = options.config;
  if (port === undefined) return null;
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, answer(options));
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
    /** Idempotent; cuts what is being answered. */
    stop: async (): Promise<void> => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer({ config, metrics, log }: MetricsListenerOptions): RequestListener {
  const { registry } = metrics;
  const { metricsToken: token } = config;
  /** Where there is no token, every client that reaches the port may read. */
  const mayRead = (header: string | undefined) => token === undefined || isBearer(header, token);
  return (request, response) => {
    const send = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(405, 'text/plain', 'only GET and HEAD\n');
    } else if (request.url === '/livez') {
      send(200, 'application/json', '{"status":"ok"}');
    } else if (request.url === '/metrics' && !mayRead(request.headers.authorization)) {
      send(401, 'text/plain', 'send the token of METRICS_TOKEN\n');
    } else if (request.url === '/metrics') {
      registry.metrics().then(
        (text) => send(200, registry.contentType, text),
        (err: unknown) => {
          log.warn({ err }, 'metrics not collected');
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
