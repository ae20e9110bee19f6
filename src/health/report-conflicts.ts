// Rows of the pool state that contradict themselves are told to administrators: a bot or pool that names one user while
// its pool, or its container's name, names another, and a container that is not the platform's. Nothing of them is touched.

import { type Finding, type Findings, idConflict } from '../deletion/ports/findings.ts';
import { type BotOwner, isPlatformName } from '../domain/identity.ts';
import { parseInstanceId } from '../domain/ids.ts';
import type { RosterConflict } from '../domain/pool-roster.ts';
import type { Owners } from './ports/owners.ts';

export interface ConflictPorts {
  readonly owners: Owners;
  readonly findings: Pick<Findings, 'report'>;
}

/** Of one round: a state in which more is wrong is one fault, and the rest come when these are put right. */
const MAX_REPORTED = 50;

export async function reportConflicts(
  { owners, findings }: ConflictPorts,
  conflicts: readonly RosterConflict[],
): Promise<void> {
  if (conflicts.length === 0) return;
  const known = await owners.find([...new Set(conflicts.flatMap(({ names }) => names))]);
  const found = conflicts.flatMap((conflict) => findingOf(conflict, known));
  for (const finding of found.slice(0, MAX_REPORTED)) await findings.report(finding);
}

function findingOf(
  { instanceId: id, key, names, containerName }: RosterConflict,
  known: ReadonlyMap<string, BotOwner>,
): Finding[] {
  const users = new Set(names.map((name) => known.get(name)?.userId ?? name));
  if (users.size < 2 && isPlatformName(containerName)) return [];
  const claimant = names.map((name) => known.get(name)).find((owner) => owner !== undefined);
  if (claimant === undefined) return [];
  const { userId } = claimant;
  const evidence = { containers: [containerName], poolState: true, names };
  const instanceId = id === null ? undefined : parseInstanceId(id);
  if (instanceId !== undefined) {
    const containers = [containerName];
    return [{ ...idConflict({ userId, instanceId, containers, poolState: true }), evidence }];
  }
  const discriminator = `pool ${key}`;
  return [{ kind: 'id-conflict', userId, instanceId: null, discriminator, evidence }];
}
