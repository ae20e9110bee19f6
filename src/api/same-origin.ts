// Whether a request with a cookie was sent by a page of ours. SameSite=Strict keeps other sites out;
// this keeps out other ports and subdomains of the same site, which SameSite lets in.

import type { FastifyRequest } from 'fastify';

/** True only with positive evidence: a browser sends at least one of the two headers with a write. */
export function isSameOrigin(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  const fetchSite = request.headers['sec-fetch-site'];
  if (origin === undefined && fetchSite === undefined) return false;
  const isOwnOrigin =
    origin === undefined || origin === `${request.client.scheme}://${request.client.host}`;
  const isOwnFetch = fetchSite === undefined || fetchSite === 'same-origin';
  return isOwnOrigin && isOwnFetch;
}
