// The pages and what they are made of. Nothing in them belongs to a user: the API decides who may see what.

import type { FastifyPluginAsync } from 'fastify';
import { loadSite } from '../pages/load-site.ts';
import { sendFile, sendPage } from '../pages/send-asset.ts';

/** Read once by a process, however many servers it starts. */
let site: ReturnType<typeof loadSite> | undefined;

export const pages: FastifyPluginAsync = async (app) => {
  site ??= loadSite();
  const { pages: all, files, version } = await site;
  for (const [url, asset] of all) {
    app.get(url, QUIET, (request, reply) => sendPage(asset, request, reply));
  }
  for (const [url, file] of files) {
    app.get<{ Querystring: { v?: unknown } }>(url, QUIET, (request, reply) =>
      sendFile(file, version, request, reply),
    );
  }
};

/** No part of the documented API; and a page is forty requests whose spans would show nothing. */
const QUIET = { schema: { hide: true }, logLevel: 'warn', config: { isPageFile: true } } as const;
