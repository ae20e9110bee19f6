// Whether a request was sent by a program of this machine, to a name of this machine, and straight to us. A web page that
// rebinds its own name to 127.0.0.1 sends from here, but under a foreign name; a proxy of this machine sends from here
// for the whole world. A proxy shows by the headers it adds; one that adds none shows by the Origin that it passes on, or
// speaks HTTP/1.0, as nginx does unless configured otherwise.

import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const LOOPBACK_NAME = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_ORIGIN = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

// The socket's address, not the client's: a proxy's header could claim to be loopback.
export function isFromLoopback(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || !LOOPBACK.check(address, family)) return false;
  if (isForwarded(request)) return false;
  const { host = '', origin } = request.headers;
  return LOOPBACK_NAME.test(host) && (origin === undefined || LOOPBACK_ORIGIN.test(origin));
}

function isForwarded({ headers, raw }: FastifyRequest): boolean {
  return raw.httpVersion === '1.0' || Object.keys(headers).some((name) => OF_A_PROXY.test(name));
}

/** No browser, and no client that talks to us directly, sends one of these. */
const OF_A_PROXY =
  /^(forwarded|via|x-forwarded.*|x-original-.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-.*|fastly-.*|x-envoy-.*|x-amzn-.*|x-appengine-.*|x-arr-.*)$/;
