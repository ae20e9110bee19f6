// Which of the addresses in front of us are proxies of ours. What a request claims of its path (X-Forwarded-*) is a
// list to which each hop adds at the right; the sender can write anything at the left. So it is read from the right,
// from the socket on, and no further than the first address that is no proxy of ours: that one sent the request.

import { BlockList, isIP } from 'node:net';

/** `false`: none. A number: so many hops, from the socket on. A list: addresses and subnets, e.g. `10.0.0.0/8`. */
export type TrustedProxies = false | number | readonly string[];

/** As Fastify calls `trustProxy`: hop 0 is the socket's address. */
export type TrustsHop = (address: string, hop: number) => boolean;

/** @throws RangeError for a text that is neither an address nor a subnet. */
export function createTrust(proxies: TrustedProxies): TrustsHop | false {
  if (proxies === false) return false;
  if (typeof proxies === 'number') return (_address, hop) => hop < proxies;
  const trusted = new BlockList();
  for (const text of proxies) {
    const subnet = parseSubnet(text);
    if (subnet === undefined) throw new RangeError(`${text} is neither an address nor a subnet`);
    trusted.addSubnet(subnet.address, subnet.bits, subnet.family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== undefined && trusted.check(address, family);
  };
}

/** undefined: not a list of addresses and subnets. */
export function parseProxies(text: string): TrustedProxies | undefined {
  if (text === 'off') return false;
  if (text === 'on') return 1;
  if (/^[1-9]$/.test(text)) return Number(text);
  const list = text.split(',').map((part) => part.trim());
  return list.every((part) => parseSubnet(part) !== undefined) ? list : undefined;
}

interface Subnet {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseSubnet(text: string): Subnet | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  const family = familyOf(address);
  if (family === undefined || more.length > 0) return undefined;
  const most = family === 'ipv4' ? 32 : 128;
  if (prefix === undefined) return { address, bits: most, family };
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  return bits <= most ? { address, bits, family } : undefined;
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}
