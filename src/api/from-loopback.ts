// Whether a request was sent from this machine, under a name of this machine: a web page that rebinds its own
// name to 127.0.0.1 sends from here, but under a foreign name.

import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const LOOPBACK_NAME = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

// The socket's address, not `request.ip`: a proxy's header could claim to be loopback.
export function isFromLoopback(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || !LOOPBACK.check(address, family)) return false;
  return LOOPBACK_NAME.test(request.headers.host ?? '');
}
