// The pages and what they are made of. Nothing in them is anybody's: whoever may see what, the API decides.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Asset } from '../pages/asset.ts';
import { loadSite } from '../pages/load-site.ts';

/** Read once by a process, however many servers it starts. */
let site: ReturnType<typeof loadSite> | undefined;

export const pages: FastifyPluginAsync = async (app) => {
  site ??= loadSite();
  for (const [url, asset] of await site) {
    app.get(url, QUIET, (request, reply) => send(asset, request, reply));
  }
};

/** No part of the documented API; and a page is forty requests that tell nobody anything. */
const QUIET = { schema: { hide: true }, logLevel: 'warn' } as const;

async function send(asset: Asset, request: FastifyRequest, reply: FastifyReply) {
  const { body, encoding, etag } = await asset.encode(request.headers['accept-encoding']);
  // Asked again each time, answered without a body: a new version is seen at the next load.
  reply.headers({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' });
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (encoding !== null) reply.header('content-encoding', encoding);
  return reply.type(asset.type).send(body);
}

// A list, or anything; a proxy that encodes by itself makes the tag a weak one, which says enough here.
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
