// A file that never changes while the process runs, as the answer to a request: in the encoding that was requested, or
// as what the browser has already.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Asset } from './asset.ts';
import { isVersion, type SiteFile } from './load-site.ts';

interface Sending {
  readonly caching?: string;
  /** Encodings; default: those of the request. */
  readonly accepted?: string | undefined;
}

/** Revalidated at each visit, answered without a body where the browser has it. */
export async function sendAsset(
  asset: Asset,
  request: FastifyRequest,
  reply: FastifyReply,
  { caching = 'no-cache', accepted = request.headers['accept-encoding'] }: Sending = {},
) {
  const { body, encoding, etag } = await asset.encode(accepted);
  reply.headers({ etag, 'cache-control': caching, vary: 'accept-encoding' });
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (encoding !== null) reply.header('content-encoding', encoding);
  return reply.type(asset.type).send(body);
}

/** A page stays at its address, whatever is in it: it is sent whole each time, some two kilobytes, and names its files by
 * their version. */
export async function sendPage(asset: Asset, request: FastifyRequest, reply: FastifyReply) {
  const { body, encoding } = await asset.encode(request.headers['accept-encoding']);
  reply.headers({ 'cache-control': 'no-cache', vary: 'accept-encoding' });
  if (encoding !== null) reply.header('content-encoding', encoding);
  return reply.type(asset.type).send(body);
}

/** A file of a page. Asked for by this version it is good for ever. By none, or by another one, from a page that a process
 * of another release has served, it is revalidated each time. */
export function sendFile(
  { asset, forVersion }: SiteFile,
  version: string,
  request: FastifyRequest<{ Querystring: { v?: unknown } }>,
  reply: FastifyReply,
) {
  const { v: wanted } = request.query;
  if (wanted === version) return sendAsset(asset, request, reply, { caching: FOR_EVER });
  if (!isVersion(wanted)) return sendAsset(asset, request, reply);
  // Made for this request: to compress it as well would let anybody keep the process busy.
  return sendAsset(forVersion(wanted), request, reply, { accepted: '' });
}

/** A year is what caches take for it (RFC 9111); `immutable` is RFC 8246. */
const FOR_EVER = 'public, max-age=31536000, immutable';

// A list, or anything; a proxy that encodes by itself makes the tag a weak one, which is enough here.
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}
