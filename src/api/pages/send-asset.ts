// A file that never changes while the process runs, as the answer to a request: in the encoding that was requested, or
// as what the browser has already.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asset } from './asset.ts';

export async function sendAsset(asset: Asset, request: FastifyRequest, reply: FastifyReply) {
  const { body, encoding, etag } = await asset.encode(request.headers['accept-encoding']);
  // Revalidated each time, answered without a body: a new version is loaded at the next visit.
  reply.headers({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' });
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (encoding !== null) reply.header('content-encoding', encoding);
  return reply.type(asset.type).send(body);
}

// A list, or anything; a proxy that encodes by itself makes the tag a weak one, which is enough here.
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
