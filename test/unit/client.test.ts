// Whose address a request is counted under: no sender may choose a new one for each request.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { clientOf } from '../../src/api/plugins/client.ts';
import { createTrust, type TrustedProxies } from '../../src/api/trusted-proxies.ts';

function client(proxies: TrustedProxies, forwarded: string, proto = 'https') {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: '10.0.0.9' });
  const raw = new IncomingMessage(socket);
  raw.headers = { 'x-forwarded-for': forwarded, 'x-forwarded-proto': proto };
  return clientOf({ raw }, createTrust(proxies));
}

const OURS = ['10.0.0.0/8'];

test.each<[TrustedProxies, string, string]>([
  [1, '198.51.100.1:40001', '198.51.100.1'],
  [OURS, '198.51.100.1:40001', '198.51.100.1'],
  [OURS, '198.51.100.1, 10.0.0.1:40002', '198.51.100.1'],
  [1, '[2001:db8::1]:40001', '2001:db8::1'],
  [1, '[2001:db8::1]', '2001:db8::1'],
  [1, '2001:db8::1', '2001:db8::1'],
])('a port behind the address (%o, %s): not a part of it', (proxies, forwarded, address) => {
  expect(client(proxies, forwarded).address).toBe(address);
});

test.each<[TrustedProxies, string, string]>([
  [1, 'unknown', '10.0.0.9'],
  [1, '', '10.0.0.9'],
  [1, '[198.51.100.1', '10.0.0.9'],
  [2, '198.51.100.1, _hidden, 10.0.0.1', '10.0.0.1'],
  [OURS, '198.51.100.1, _hidden', '10.0.0.9'],
  [OURS, '10.0.0.3, 198.51.100.1, _hidden, 10.0.0.1', '10.0.0.9'],
])('an entry that is no address (%o, %s): the hop before it', (proxies, forwarded, address) => {
  expect(client(proxies, forwarded).address).toBe(address);
});

test.each<[TrustedProxies, string]>([
  [OURS, '10.0.0.7'],
  [OURS, '10.6.6.6, 10.0.0.7, 10.0.0.1'],
  [3, '198.51.100.1, 10.0.0.1'],
])('every hop is ours (%o, %s): the socket', (proxies, forwarded) => {
  expect(client(proxies, forwarded).address).toBe('10.0.0.9');
});

test('the scheme is what our outermost proxy saw, and no further', () => {
  expect(client(OURS, '_hidden, 10.0.0.1', 'http, https, http').scheme).toBe('https');
  expect(client(2, '_hidden, 10.0.0.1', 'http, https, http').scheme).toBe('https');
  expect(client(OURS, '198.51.100.1:1, 10.0.0.1:2', 'http, https, http').scheme).toBe('https');
});
