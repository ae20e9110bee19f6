// An address as something to count by: one customer has one IPv4 address, and a whole network of 2^64 in IPv6.

import { isIP } from 'node:net';

const GROUPS = 8;
const OF_THE_NETWORK = 4;

export function addressKey(text: string): string {
  const [address = ''] = text.replace(/^::ffff:(?=\d+\.)/i, '').split('%', 1);
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: GROUPS - first.length - last.length }, () => '0');
  const groups = address.includes('::') ? [...first, ...zeros, ...last] : first;
  const network = groups
    .slice(0, OF_THE_NETWORK)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
