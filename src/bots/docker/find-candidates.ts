// Which containers of a host may be the bot, or may hold it: a few filtered listings at once, so that no search
// for one bot lists all containers. Filters only narrow; every hit is compared exactly.

import { InDoubtError } from '@reclaim/saga';
import type { BotQuery } from '../../domain/bot.ts';
import { mayBeRenamed, renamedPool } from '../../domain/renamed.ts';
import { uidOfPoolName } from '../../pool-state/ownership.ts';
import type { BotsCall } from '../bots.ts';
import {
  dedicatedName,
  holdsNameFilter,
  holdsPoolsOfFilter,
  isPoolContainer,
  isPoolName,
} from './container-names.ts';
import { LABELS, type ListedContainer } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';

export interface Candidates {
  readonly dedicatedIds: readonly string[];
  readonly poolIds: readonly string[];
  /** Those of `dedicatedIds` that nothing but their label calls the bot. */
  readonly byLabelAlone: ReadonlySet<string>;
  /** Names of containers that may be the bot, or its pool, renamed. */
  readonly renamed: readonly string[];
}

export async function findCandidates(
  { containers }: DockerServices,
  query: BotQuery,
  call: BotsCall,
): Promise<Candidates> {
  const { instanceId, firebaseUid, userId, poolContainers } = query;
  // Wider than the names themselves: what only holds one of them may be it, renamed.
  const byName = [dedicatedName(instanceId), ...poolContainers].map(holdsNameFilter);
  const name = firebaseUid === null ? byName : [...byName, holdsPoolsOfFilter(firebaseUid)];
  const owners = [firebaseUid, userId].filter((owner) => typeof owner === 'string');
  const [labelled, named, ...owned] = await Promise.all([
    containers.list({ label: [`${LABELS.instanceId}=${instanceId}`] }, call),
    containers.list({ name }, call),
    ...owners.map((owner) => containers.list({ label: ownedBy(owner) }, call)),
  ]);
  const dedicated = [
    ...labelled.filter(({ labels }) => labels[LABELS.instanceId] === instanceId),
    ...named.filter(({ names }) => isDedicatedBy(names, instanceId)),
  ];
  const dedicatedIds = new Set(dedicated.map(refusePool));
  const byLabelAlone = dedicated.filter((container) => isByLabelAlone(container, query));
  const pools = [
    ...named.filter(({ names }) => isPoolBy(names, query)),
    ...owned.flat().filter((container) => owners.some((owner) => isOwnedBy(container, owner))),
  ].filter(isPoolContainer);
  const poolIds = new Set(pools.map(({ id }) => id));
  return {
    dedicatedIds: [...dedicatedIds],
    poolIds: [...poolIds].filter((id) => !dedicatedIds.has(id)),
    byLabelAlone: new Set(byLabelAlone.map(({ id }) => id)),
    renamed: named
      .filter(({ id }) => !dedicatedIds.has(id) && !poolIds.has(id))
      .filter((container) => mayBe(container, query))
      .map(({ names }) => names[0] ?? ''),
  };
}

function isByLabelAlone({ id, names }: ListedContainer, query: BotQuery): boolean {
  const { instanceId, poolContainers, knownIds = [] } = query;
  const isNamed = names.some((name) => poolContainers.includes(name));
  return !isNamed && !knownIds.includes(id) && !isDedicatedBy(names, instanceId);
}

// One that is known by its id is asked for by its id, and one that names another bot is another bot.
function mayBe({ id, names, labels }: ListedContainer, query: BotQuery): boolean {
  const { instanceId, firebaseUid, poolContainers, knownIds = [] } = query;
  if (knownIds.includes(id) || labels[LABELS.instanceId] !== undefined) return false;
  return names.some((name) => {
    if (mayBeRenamed(name, instanceId)) return true;
    const pool = renamedPool(name);
    if (pool === undefined) return false;
    return (
      poolContainers.includes(pool) || (firebaseUid !== null && uidOfPoolName(pool) === firebaseUid)
    );
  });
}

function ownedBy(owner: string): string[] {
  return [`${LABELS.managed}=true`, `${LABELS.userId}=${owner}`];
}

function isOwnedBy({ labels }: ListedContainer, owner: string): boolean {
  return labels[LABELS.managed] === 'true' && labels[LABELS.userId] === owner;
}

function isDedicatedBy(names: readonly string[], instanceId: string): boolean {
  const wanted = dedicatedName(instanceId);
  return !isPoolName(wanted) && names.includes(wanted);
}

function isPoolBy(names: readonly string[], { poolContainers, firebaseUid }: BotQuery): boolean {
  return names.some(
    (name) =>
      poolContainers.includes(name) ||
      (firebaseUid !== null && uidOfPoolName(name) === firebaseUid),
  );
}

/** A pool that carries one bot's label can be neither: stopping it would stop every bot in it. */
function refusePool(container: ListedContainer): string {
  if (!container.names.some(isPoolName)) return container.id;
  const message = `pool container ${container.names[0]} carries the label of one bot`;
  throw new InDoubtError('POOL_LABELLED_AS_BOT', message);
}
