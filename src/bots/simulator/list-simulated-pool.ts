// Every bot of one simulated pool container. A pool that cannot be asked is in doubt, as Docker's is (I4).

import { InDoubtError } from '@reclaim/saga';
import type { ListedPooled } from '../bots.ts';
import { isMute, type ListingWorld, programsOf } from './list-simulated.ts';
import {
  hostKey,
  type PoolDocument,
  poolKey,
  strangersIn,
  toObservedPooled,
} from './world-documents.ts';

/** @throws SagaError where that cannot be established. */
export async function listSimulatedPool(
  world: ListingWorld,
  host: string,
  containerName: string,
  signal: AbortSignal,
): Promise<readonly ListedPooled[]> {
  const met = await world.calls.read({ ids: [hostKey(host), poolKey(containerName)] });
  await world.injectedFaults.beforeRead(met, signal);
  const pool = met.find((one): one is PoolDocument => one.kind === 'pool' && one.host === host);
  if (pool === undefined) throw new InDoubtError('POOL_GONE', `${containerName} is gone`);
  const doubt = isMute(pool) ? 'its supervisord does not answer' : strangersIn(pool);
  if (doubt !== null)
    throw new InDoubtError('SIMULATED_POOL_UNKNOWN', `${containerName}: ${doubt}`);
  const programs = await programsOf(world, [pool]);
  return programs.map((bot) => ({
    instanceId: bot.instanceId,
    observedBot: toObservedPooled(bot, pool),
  }));
}
