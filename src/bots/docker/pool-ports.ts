// The ports that the bots of one pool name, beside the configuration of the bot that is asked about. Bots of a pool share
// one network: where two of them name a port, one alone listens there, and nobody can tell which. The platform gives a
// port out again when a bot goes, and a row that was lost names none.

import { InDoubtError } from '@reclaim/saga';
import { isAtRest, type ObservedPooled } from '../../domain/bot.ts';
import { mapBounded } from '../../domain/map-bounded.ts';
import type { BotsCall } from '../bots.ts';
import type { DockerServices } from './docker-services.ts';
import { portsOfConfig, portsOfPrograms } from './named-ports.ts';
import { readPool, toPooled } from './read-observed.ts';
import { resolvePool } from './resolve-pool.ts';

export interface PoolPorts {
  /** What the bot's own program is defined with. */
  readonly ofProgram: readonly number[];
  /** Of all others in its pool that are not at rest. */
  readonly ofNeighbours: ReadonlySet<number>;
}

/** Configurations that are read at the same time. */
const WIDTH = 8;

/** @throws SagaError when that cannot be established. */
export async function readPoolPorts(
  host: DockerServices,
  instanceId: string,
  observed: ObservedPooled,
  call: BotsCall,
): Promise<PoolPorts> {
  const pool = await resolvePool(host, observed, call);
  if (pool === null) throw new InDoubtError('POOL_GONE', `${observed.containerName} is gone`);
  const [{ bots }, files] = await Promise.all([
    readPool(host, pool, call),
    host.conf.read(pool.id, call),
  ]);
  const neighbours = [...bots]
    .filter(([id, own]) => id !== instanceId && !isAtRest(toPooled(host.name, pool, own)))
    .map(([id]) => id);
  const named = await mapBounded(neighbours, WIDTH, async (id) => [
    // One that is no configuration names no port.
    ...portsOfConfig(
      await host.configs.readIfConfig({ kind: 'pooled', containerId: pool.id }, id, call),
    ),
    ...portsOfPrograms(files, id),
  ]);
  return {
    ofProgram: portsOfPrograms(files, instanceId),
    ofNeighbours: new Set(named.flat().map(Number)),
  };
}
