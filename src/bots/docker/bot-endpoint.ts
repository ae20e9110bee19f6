// Where a bot's own API listens, as Docker and the bot's folder say: its configuration, the addresses that its container has
// in Docker's networks, and the ports that its host publishes. Reads only. An address is named by evidence about this
// very container, or it is not named: another bot behind it would be believed, and paid by.

import type Docker from 'dockerode';
import type { ObservedBot } from '../../domain/bot.ts';
import type { BotsCall } from '../bots.ts';
import type { BotConfig } from './bot-config.ts';
import type { DockerServices } from './docker-services.ts';
import { type PoolPorts, readPoolPorts } from './pool-ports.ts';

export interface BotEndpoint {
  /** Null: there is none, or it is no plain file, or no configuration. */
  readonly config: BotConfig | null;
  /** Of its container, inside networks that this machine may be in too. */
  readonly networkHosts: readonly string[];
  /** The host that publishes its ports, and which: inside → outside. */
  readonly published: { readonly host: string; readonly ports: ReadonlyMap<number, number> };
  /** Whether the daemon is this machine's own: what others call `localhost` is the same as here. */
  readonly isLocal: boolean;
  /** What else its pool says of ports; null: it has a network of its own. */
  readonly pool: PoolPorts | null;
}

export type ReadBotEndpoint = (
  instanceId: string,
  observed: ObservedBot,
  call: BotsCall,
) => Promise<BotEndpoint>;

export async function readBotEndpoint(
  host: DockerServices,
  instanceId: string,
  observed: ObservedBot,
  call: BotsCall,
): Promise<BotEndpoint> {
  const { containerId } = observed;
  const { tcpHost } = host;
  const request = {
    what: 'inspect networks',
    deadlineMs: host.deadlines.readMs,
    send: async (api: Docker, abortSignal: AbortSignal): Promise<unknown> =>
      api.getContainer(containerId).inspect({ abortSignal }),
  };
  const [inspected, config, pool] = await Promise.all([
    host.calls.read(request, call),
    host.configs.readIfConfig(observed, instanceId, call),
    observed.kind === 'pooled' ? readPoolPorts(host, instanceId, observed, call) : null,
  ]);
  const settings = field(inspected, 'NetworkSettings');
  return {
    config,
    // The networks of another machine's daemon have addresses that may belong to anything here.
    networkHosts: tcpHost === undefined ? addressesIn(settings) : [],
    published: { host: tcpHost ?? '127.0.0.1', ports: publishedIn(settings) },
    isLocal: tcpHost === undefined,
    pool,
  };
}

function addressesIn(settings: unknown): readonly string[] {
  const networks = field(settings, 'Networks');
  if (typeof networks !== 'object' || networks === null) return [];
  const addresses = Object.values(networks).map((network: unknown) => field(network, 'IPAddress'));
  return addresses.filter((address) => typeof address === 'string').filter((text) => text !== '');
}

function publishedIn(settings: unknown): ReadonlyMap<number, number> {
  const ports = field(settings, 'Ports');
  const found = new Map<number, number>();
  if (typeof ports !== 'object' || ports === null) return found;
  for (const [inside, bindings] of Object.entries(ports)) {
    const port = /^(\d{1,5})\/tcp$/.exec(inside)?.[1];
    if (port === undefined || !Array.isArray(bindings)) continue;
    const outside = Number(field(bindings[0], 'HostPort'));
    if (Number.isInteger(outside) && outside > 0) found.set(Number(port), outside);
  }
  return found;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
