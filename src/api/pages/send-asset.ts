// A file that never changes while the process lives, as the answer to a request: in the encoding that was asked for, or as
// what the browser has already.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asset } from './asset.ts';

export async function sendAsset(asset: Asset, request: FastifyRequest, reply: FastifyReply) {
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
