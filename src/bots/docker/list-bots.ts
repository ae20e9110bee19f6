// Everything on one host that looks like a bot, from one listing of its containers. A dedicated container
// is inspected, because a listing lacks its restart policy; a pool is asked for its conf files and its
// programs. A pool that cannot be asked, or holds a program whose bot is unknown, is named (I4).

import { InDoubtError, SagaError } from '@reclaim/saga';
import { mapBounded } from '../../domain/map-bounded.ts';
import { isOddName, mayBeRenamed, renamedPool } from '../../domain/renamed.ts';
import { ok, unknown } from '../../domain/source.ts';
import { uidOfPoolName } from '../../pool-state/ownership.ts';
import type {
  BotDoubt,
  BotsCall,
  HostListing,
  ListedBot,
  ListedPooled,
  PoolContainer,
  UnknownPool,
} from '../bots.ts';
import {
  botOfName,
  exactNameFilter,
  isPoolContainer,
  isPoolName,
  PLATFORM_NAMES,
  refuseOther,
} from './container-names.ts';
import {
  type ContainerView,
  LABELS,
  type ListedContainer,
  toObservedLabels,
} from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { inspectNamed } from './inspect-named.ts';
import { renamedReason } from './locate-bot.ts';
import { readPool, toDedicated, toPooled, unmatchedReason } from './read-observed.ts';

/** Containers of one host that are asked at the same time: an exec costs the daemon some 50 ms of CPU. */
const CONCURRENCY = 8;

export async function listHost(
  host: DockerServices,
  owner: string | null,
  now: () => Date,
  call: BotsCall,
): Promise<HostListing> {
  // The answer is as old as its first call.
  const observedAt = now();
  const unknownPools: UnknownPool[] = [];
  try {
    const all = await host.containers.list({}, call);
    const wanted = all.filter((container) => mayBelongTo(container, owner));
    const pools = wanted.filter(isPoolContainer);
    const dedicated = wanted.filter((c) => !isPoolContainer(c) && dedicatedBot(c) !== undefined);
    const bots = await mapBounded(dedicated, CONCURRENCY, (c) => readDedicated(host, c, call));
    const programs = await mapBounded(pools, CONCURRENCY, async (pool) => {
      const { bots: listed, doubt } = await readListed(host, pool.id, call).catch(nothingKnown);
      const containerName = pool.names[0] ?? pool.id;
      const labels = toObservedLabels(pool.labels);
      if (doubt !== null) unknownPools.push({ containerName, labels, reason: doubt });
      return listed;
    });
    const items = [...bots.flat(), ...programs.flat()];
    const doubts = [...all.flatMap(renamedBot), ...wanted.flatMap(claimed)];
    unknownPools.push(...wanted.flatMap((container) => renamedPoolOf(container, owner)));
    return { host: host.name, answer: ok(items, observedAt), unknownPools, doubts };
  } catch (error) {
    return { host: host.name, answer: unknown(reasonOf(error)), unknownPools: [] };
  }
}

/** Asks for one container of the platform, by its label and by its names. */
export async function hasManaged({ containers }: DockerServices, call: BotsCall): Promise<boolean> {
  const answers = await Promise.all(
    [{ label: [LABELS.managed] }, { name: [PLATFORM_NAMES] }].map((filters) =>
      containers.list(filters, call, { limit: 1 }),
    ),
  );
  return answers.some((found) => found.length > 0);
}

function nothingKnown(error: unknown): ReadPool {
  return { bots: [], doubt: reasonOf(error) };
}

/** Why an observation did not succeed. Anything but a SagaError is a mistake of this program and goes on. */
export function reasonOf(error: unknown): string {
  if (error instanceof SagaError) return error.message;
  throw error;
}

// A label that no name goes with: whose bot it names is in doubt where it was not found.
function claimed(container: ListedContainer): BotDoubt[] {
  const claim = container.labels[LABELS.instanceId];
  if (claim === undefined || container.names.map(botOfName).includes(claim)) return [];
  const reason = `${container.names[0]} carries its label, and nothing else says that it is it`;
  return [{ reason, mayBe: (instanceId) => instanceId === claim }];
}

// One that names a bot by label is that bot's to its label.
function renamedBot({ names, labels }: ListedContainer): BotDoubt[] {
  if (labels[LABELS.instanceId] !== undefined) return [];
  return names
    .filter((name) => isOddName(name) && renamedPool(name) === undefined && !isPoolName(name))
    .map((name) => ({
      reason: renamedReason([name]),
      mayBe: (instanceId: string) => mayBeRenamed(name, instanceId),
    }));
}

function renamedPoolOf({ names, labels }: ListedContainer, owner: string | null): UnknownPool[] {
  return names.flatMap((name) => {
    const containerName = renamedPool(name);
    if (containerName === undefined) return [];
    if (owner !== null && uidOfPoolName(containerName) !== owner) return [];
    return [{ containerName, labels: toObservedLabels(labels), reason: renamedReason([name]) }];
  });
}

function dedicatedBot({ names, labels }: ListedContainer): string | undefined {
  // Without the name, the label is a claim: see `claimed`.
  const named = names.map(botOfName).find((bot) => bot !== undefined);
  return named === undefined ? undefined : (labels[LABELS.instanceId] ?? named);
}

/** Only what certainly is another's is left out: who owns the rest is decided elsewhere. A `user-id`
 * label may hold a user's `_id`, which says nothing about a firebaseUid. */
function mayBelongTo({ names, labels }: ListedContainer, owner: string | null): boolean {
  const label = labels[LABELS.userId];
  if (owner === null || label === owner) return true;
  if (label !== undefined) return /^[0-9a-f]{24}$/.test(label);
  const uids = names.map(uidOfPoolName).filter((uid) => uid !== null);
  return uids.length === 0 || uids.includes(owner);
}

async function readDedicated(
  host: DockerServices,
  container: ListedContainer,
  call: BotsCall,
): Promise<ListedBot[]> {
  const instanceId = dedicatedBot(container);
  const view = await host.containers.inspect(container.id, call);
  // Removed since the listing.
  if (view === null || instanceId === undefined) return [];
  return [{ instanceId, observedBot: toDedicated(host.name, view) }];
}

interface ReadPool {
  readonly bots: readonly ListedPooled[];
  /** Why it may hold more; null: it does not. */
  readonly doubt: string | null;
}

async function readListed(host: DockerServices, id: string, call: BotsCall): Promise<ReadPool> {
  const pool = await host.containers.inspect(id, call);
  return pool === null ? { bots: [], doubt: null } : readInside(host, pool, call);
}

async function readInside(
  host: DockerServices,
  pool: ContainerView,
  call: BotsCall,
): Promise<ReadPool> {
  const programs = await readPool(host, pool, call);
  const bots = [...programs.bots].map(([instanceId, own]) => ({
    instanceId,
    observedBot: toPooled(host.name, pool, own),
  }));
  return { bots, doubt: unmatchedReason(programs) };
}

/** Every bot of one pool container, as the container itself tells it. @throws SagaError where that cannot be established. */
export async function listPool(
  host: DockerServices,
  containerName: string,
  call: BotsCall,
): Promise<readonly ListedPooled[]> {
  const pool = await inspectNamed(host, containerName, call);
  if (pool === null) throw new InDoubtError('POOL_GONE', `${containerName} is gone`);
  refuseOther(pool);
  const { bots, doubt } = await readInside(host, pool, call);
  if (doubt !== null) throw new InDoubtError('PROGRAM_UNMATCHED', doubt);
  return bots;
}

/** Which of these pool containers stand on the host, and whether a program could be started in them now. */
export async function findPoolsOn(
  { name: host, containers }: DockerServices,
  containerNames: readonly string[],
  call: BotsCall,
): Promise<readonly PoolContainer[]> {
  // Without a filter the daemon would list everything.
  if (containerNames.length === 0) return [];
  const listed = await containers.list({ name: containerNames.map(exactNameFilter) }, call);
  return listed.filter(isPoolContainer).flatMap(({ names, status }) => {
    const containerName = names.find((name) => containerNames.includes(name));
    return containerName === undefined
      ? []
      : [{ host, containerName, running: status === 'running' }];
  });
}
