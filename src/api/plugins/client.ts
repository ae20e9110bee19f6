// The client of a request, and the name and scheme it used: by the socket where no proxy of ours stands in front, else
// by what the outermost proxy of ours saw. Every hop adds its own entry to X-Forwarded-Proto and -Host, or replaces the
// list: the entry that counts stands as far from the right as there are proxies of ours.

import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import type { TrustsHop } from '../trusted-proxies.ts';

export interface Client {
  /** Of the rightmost hop that is no proxy of ours; where each is one, the socket's, which no client can forge. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** With its port, as the client named it. */
  readonly host: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    readonly client: Client;
  }
}

export function createClients(trusts: TrustsHop | false) {
  return fp(
    async (app) => {
      app.decorateRequest('client', {
        getter() {
          return clientOf(this, trusts);
        },
      });
    },
    { name: 'clients' },
  );
}

/** Reads what came over the wire alone: a request that no route was found for has nothing else. */
export function clientOf({ raw }: Pick<FastifyRequest, 'raw'>, trusts: TrustsHop | false): Client {
  const { socket, headers } = raw;
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true;
  const own = { scheme: isEncrypted ? 'https' : 'http', host: headers.host ?? '' } as const;
  const { hops, known } = hopsOf(socket.remoteAddress ?? '', headers['x-forwarded-for']);
  const firstOther = hops.findIndex((address, hop) => trusts === false || !trusts(address, hop));
  const proxies = firstOther < 0 ? known : firstOther;
  const proto = entryOf(headers['x-forwarded-proto'], proxies)?.toLowerCase();
  const host = entryOf(headers['x-forwarded-host'], proxies);
  return {
    address: hops[firstOther] ?? hops[0] ?? '',
    scheme: proto === 'http' || proto === 'https' ? proto : own.scheme,
    host: host !== undefined && HOST.test(host) ? host : own.host,
  };
}

interface Hops {
  /** Addresses, from the socket on, as they were passed. */
  readonly hops: readonly string[];
  /** How many of them were named. */
  readonly known: number;
}

// What is no address ends the walk: no proxy of ours has confirmed the sender behind it. It counts as the hop that
// wrote it, or its sender could claim a new address with each request.
function hopsOf(socket: string, forwarded: string | string[] | undefined): Hops {
  const entries = forwarded === undefined ? [] : String(forwarded).split(',');
  const hops = [socket];
  for (const entry of entries.reverse()) {
    const address = addressOf(entry.trim());
    if (address === undefined) return { hops: [...hops, ...hops.slice(-1)], known: hops.length };
    hops.push(address);
  }
  return { hops, known: hops.length };
}

/** Without the port that some proxies write behind it. */
function addressOf(entry: string): string | undefined {
  const [, v6, v4] =
    /^(?:\[([\da-fA-F:.]{2,45})\](?::\d{1,5})?|([\d.]{7,15}):\d{1,5})$/.exec(entry) ?? [];
  const address = v6 ?? v4 ?? entry;
  return isIP(address) === 0 ? undefined : address;
}

const HOST = /^[\w.:[\]-]{1,255}$/;

/** A list shorter than the proxies are many was replaced by one of them: its first entry is the oldest known. */
function entryOf(header: string | string[] | undefined, proxies: number): string | undefined {
  if (proxies === 0 || header === undefined) return undefined;
  const entries = String(header).split(',');
  return entries[Math.max(0, entries.length - proxies)]?.trim();
}
