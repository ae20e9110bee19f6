// Rows of the pool state that contradict themselves are reported to administrators: a bot or pool that names one user
// while its pool, or its container's name, names another, and a container that is not the platform's. Nothing of them
// is touched. So are rows that cannot be read.

import { parseInstanceId } from '../domain/ids.ts';
import { type Finding, type Findings, idConflict } from '../findings/findings.ts';
import { type BotOwner, isPlatformName } from '../pool-state/ownership.ts';
import type { Roster, RosterConflict, UnreadableEntry } from '../pool-state/pool-roster.ts';
import type { Owners } from './mongodb/owners.ts';

export interface ConflictPorts {
  readonly owners: Owners;
  readonly findings: Pick<Findings, 'report'>;
}

/** Of one round: a state in which more is wrong is one fault, and the rest come when these are put right. */
const MAX_REPORTED = 50;

export async function reportConflicts(
  { owners, findings }: ConflictPorts,
  { conflicts, unreadable }: Pick<Roster, 'conflicts' | 'unreadable'>,
): Promise<void> {
  if (conflicts.length + unreadable.length === 0) return;
  const names = [...conflicts, ...unreadable].flatMap((row) => row.names);
  const known = await owners.find([...new Set(names)]);
  const found = [
    ...unreadable.flatMap((row) => findingOfUnreadable(row, known)),
    ...conflicts.flatMap((conflict) => findingOf(conflict, known)),
  ];
  for (const finding of found.slice(0, MAX_REPORTED)) await findings.report(finding);
}

function findingOf(
  { instanceId: id, key, names, containerName }: RosterConflict,
  known: ReadonlyMap<string, BotOwner>,
): Finding[] {
  const users = new Set(names.map((name) => known.get(name)?.userId ?? name));
  if (users.size < 2 && isPlatformName(containerName)) return [];
  const claimant = firstKnown(names, known);
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

// A row that names no known user has no user to report to; it hides its bot all the same.
function findingOfUnreadable(
  { instanceId: id, key, names, reason }: UnreadableEntry,
  known: ReadonlyMap<string, BotOwner>,
): Finding[] {
  const owner = firstKnown(names, known);
  if (owner === undefined) return [];
  const instanceId = id === null ? null : (parseInstanceId(id) ?? null);
  const discriminator = id === null ? `pool ${key}` : 'mapping';
  return [
    {
      ...({ kind: 'unreadable-row', userId: owner.userId, instanceId } as const),
      ...{ discriminator, evidence: { key, reason } },
    },
  ];
}

function firstKnown(
  names: readonly string[],
  known: ReadonlyMap<string, BotOwner>,
): BotOwner | undefined {
  return names.map((name) => known.get(name)).find((owner) => owner !== undefined);
}
