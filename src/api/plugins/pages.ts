// The pages and what they are made of. Nothing in them belongs to a user: the API decides who may see what.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Asset, sendAsset } from '../pages/asset.ts';
import { loadSite } from '../pages/load-site.ts';

/** Read once by a process, however many servers it starts. */
let site: ReturnType<typeof loadSite> | undefined;

export const pages: FastifyPluginAsync = async (app) => {
  site ??= loadSite();
  const { pages: all, files, version } = await site;
  for (const [url, asset] of all) {
    app.get(url, QUIET, (request, reply) => sendPage(asset, request, reply));
  }
  for (const [url, asset] of files) {
    // Under this version it is good for ever; under any other, which a process of another release has given out, it is
    // revalidated each time.
    app.get<{ Params: { version: string } }>(`/v/:version${url}`, QUIET, (request, reply) =>
      sendAsset(asset, request, reply, request.params.version === version ? FOR_EVER : 'no-cache'),
    );
  }
};

/** No part of the documented API; and a page is forty requests whose spans would show nothing. */
const QUIET = { schema: { hide: true }, logLevel: 'warn', config: { isPageFile: true } } as const;

/** A page stays at its address, whatever is in it: it is sent whole each time, some two kilobytes, and names its files under
 * their version. */
async function sendPage(asset: Asset, request: FastifyRequest, reply: FastifyReply) {
  const { body, encoding } = await asset.encode(request.headers['accept-encoding']);
  reply.headers({ 'cache-control': 'no-cache', vary: 'accept-encoding' });
  if (encoding !== null) reply.header('content-encoding', encoding);
  return reply.type(asset.type).send(body);
}

/** A year is what caches take for it (RFC 9111); `immutable` is RFC 8246. */
const FOR_EVER = 'public, max-age=31536000, immutable';
