// Where the API of a simulated bot listens, with the rules of the real one: asked of the pool that it was seen in.

import type { ObservedPooled } from '../../domain/bot.ts';
import type { PortReading } from '../bots.ts';
import type { Simulation } from './simulation.ts';

/** @param ids of everything that stands between the asker and the bot. @throws SagaError */
export async function readSimulatedPort(
  { calls, injectedFaults }: Pick<Simulation, 'calls' | 'injectedFaults'>,
  ids: readonly string[],
  { containerName }: ObservedPooled,
  signal: AbortSignal,
): Promise<PortReading> {
  const met = await calls.read({ ids });
  await injectedFaults.beforeRead(met, signal);
  const bot = met.find((one) => one.kind === 'pooled' && one.pool === containerName);
  return bot?.kind === 'pooled' && bot.port !== null
    ? { status: 'read', port: bot.port }
    : { status: 'unreadable', reason: 'its files name no port', ports: [] };
}
