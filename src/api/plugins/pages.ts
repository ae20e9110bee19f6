// The pages and what they are made of. Nothing in them is anybody's: whoever may see what, the API decides.

import type { FastifyPluginAsync } from 'fastify';
import { loadSite } from '../pages/load-site.ts';
import { sendAsset } from '../pages/send-asset.ts';

/** Read once by a process, however many servers it starts. */
let site: ReturnType<typeof loadSite> | undefined;

export const pages: FastifyPluginAsync = async (app) => {
  site ??= loadSite();
  for (const [url, asset] of await site) {
    app.get(url, QUIET, (request, reply) => sendAsset(asset, request, reply));
  }
};

/** No part of the documented API; and a page is forty requests that tell nobody anything. */
const QUIET = { schema: { hide: true }, logLevel: 'warn', config: { isPageFile: true } } as const;
