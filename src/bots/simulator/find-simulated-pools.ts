// The simulated pool containers of exactly these names on one host.

import type { PoolContainer } from '../bots.ts';
import type { Simulation } from './simulation.ts';
import { hostKey, poolKey } from './world-documents.ts';

export async function findSimulatedPools(
  { calls, injectedFaults }: Simulation,
  containerNames: readonly string[],
  host: string,
  signal: AbortSignal,
): Promise<readonly PoolContainer[]> {
  const met = await calls.read({ ids: [hostKey(host), ...containerNames.map(poolKey)] });
  const here = met.filter((document) => !('host' in document) || document.host === host);
  // A listing asks the daemon alone, not what is inside a pool.
  await injectedFaults.beforeRead(
    here.filter(({ kind }) => kind === 'host'),
    signal,
  );
  return here.flatMap((document) =>
    document.kind === 'pool'
      ? [{ host, containerName: document.containerName, running: document.running }]
      : [],
  );
}
