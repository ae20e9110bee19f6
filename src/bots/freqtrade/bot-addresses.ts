// Where a bot's API may be asked, the strongest evidence first: its container's own address, the port that its Docker host
// publishes, the address in its owner's mapping. Addresses that no bot can have (link-local ones, where clouds keep
// their machines' credentials) are refused when the name has been resolved, not before. A port that another bot of the
// pool names as well is no address of this one: the other would be believed.

import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import type { ObservedBot } from '../../domain/bot.ts';
import type { MappedAddress } from '../bot-valuation.ts';
import { isPort } from '../docker/bot-config.ts';
import type { BotEndpoint } from '../docker/bot-endpoint.ts';

export interface BotAddress {
  readonly host: string;
  readonly port: number;
}

/** Of freqtrade's image, where a configuration does not say. */
const DEDICATED_PORT = 8_080;
const LOCAL: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9])?$/;

/** @param configured by its configuration; undefined: it names no port.
 * @returns a text: why no address of it can be told from another bot's. */
export function addressesOf(
  observed: ObservedBot,
  endpoint: BotEndpoint,
  configured: number | undefined,
  mapping: MappedAddress | null,
): readonly BotAddress[] | string {
  const { pool } = endpoint;
  const own = new Set([
    ...(configured === undefined ? [] : [configured]),
    ...(pool?.ofProgram ?? []),
  ]);
  if (own.size > 1) return 'its files name more than one port';
  const [listenPort] = own;
  const mapped = mapping?.containerName === observed.containerName ? mapping : null;
  const isContradicted = mapped !== null && listenPort !== undefined && mapped.port !== listenPort;
  const fallback = observed.kind === 'dedicated' ? DEDICATED_PORT : mapped?.port;
  const inside = listenPort ?? fallback;
  // Only the one that came first listens there.
  if (inside !== undefined && pool?.ofNeighbours.has(inside)) return 'another bot names its port';
  const outside = inside === undefined ? undefined : endpoint.published.ports.get(inside);
  const { networkHosts, published } = endpoint;
  const found: BotAddress[] = [];
  if (inside !== undefined) found.push(...networkHosts.map((host) => ({ host, port: inside })));
  if (outside !== undefined) found.push({ host: published.host, port: outside });
  // An entry that its bot's own configuration contradicts may be an old one: the port is another bot's by now.
  if (mapped?.host !== undefined && !isContradicted && isReachedFromHere(mapped.host, endpoint)) {
    found.push({ host: mapped.host, port: mapped.port });
  }
  const usable = found.filter(({ host, port }) => isPort(port) && isHost(host));
  return [...new Map(usable.map((one) => [`${one.host} ${one.port}`, one])).values()];
}

// The platform's `localhost` is the machine of the daemon.
function isReachedFromHere(host: string, { isLocal }: BotEndpoint): boolean {
  return isLocal || !LOCAL.has(host);
}

function isHost(host: string): boolean {
  return isIP(host) !== 0 || HOST_NAME.test(host);
}

/** The address to connect to; null: there is none, or one of them is no bot's. */
export async function resolveAddress(host: string): Promise<string | null> {
  const all = await lookup(host, { all: true });
  const [first] = all;
  return first === undefined || all.some(isForbidden) ? null : first.address;
}

function isForbidden({ address, family }: { readonly address: string; readonly family: number }) {
  return FORBIDDEN.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('0.0.0.0', 8, 'ipv4');
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addSubnet('224.0.0.0', 3, 'ipv4');
FORBIDDEN.addAddress('100.100.100.200', 'ipv4');
FORBIDDEN.addAddress('192.0.0.192', 'ipv4');
FORBIDDEN.addAddress('::', 'ipv6');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
FORBIDDEN.addSubnet('ff00::', 8, 'ipv6');
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6');
