// Health's observation of the simulated world, and its restart there, with the rules of the real one.

import { SagaError, UnavailableError } from '@reclaim/saga';
import type { ObservedPooled } from '../../domain/bot.ts';
import { mayBeRenamed } from '../../domain/renamed.ts';
import type { FencedCall } from '../bots.ts';
import type { ContainerObservation, ContainersQuery, RestartOutcome } from '../pool-containers.ts';
import type { ListingWorld } from './list-simulated.ts';
import { refuseDead, type Simulation } from './simulation.ts';
import {
  type DedicatedDocument,
  hostKey,
  type PoolDocument,
  type PooledDocument,
  strangersIn,
  type WorldDocument,
} from './world-documents.ts';

export async function observeSimulated(
  world: ListingWorld,
  hosts: readonly string[],
  { pools, dedicated }: ContainersQuery,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ContainerObservation>> {
  const poolNames = pools.map(({ containerName }) => containerName);
  const names = [...new Set([...poolNames, ...dedicated])];
  const answers = await Promise.all(
    hosts.map((host) =>
      observeOnHost(world, host, names, new Set(poolNames), signal).catch((error: unknown) => {
        if (error instanceof SagaError) return error.message;
        throw error;
      }),
    ),
  );
  const reasons = answers.filter((answer) => typeof answer === 'string');
  const found = answers.filter((answer) => typeof answer !== 'string');
  return new Map(
    names.map((name) => {
      const [only, ...others] = found.flatMap((observations) => observations.get(name) ?? []);
      if (only !== undefined && others.length === 0) return [name, only];
      const reason = only === undefined ? reasons[0] : 'it stands on more than one host';
      return [name, reason === undefined ? { status: 'absent' } : { status: 'unknown', reason }];
    }),
  );
}

async function observeOnHost(
  world: ListingWorld,
  host: string,
  names: readonly string[],
  isPool: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ContainerObservation>> {
  const hostDocument = await world.calls.read({ ids: [hostKey(host)] });
  await world.injectedFaults.beforeRead(hostDocument, signal);
  const { containers, programs } = await readContainers(world, host, names);
  const byPool = Map.groupBy(programs, ({ pool }) => pool);
  const observations = new Map<string, ContainerObservation>();
  for (const container of containers) {
    const { containerName } = container;
    const inside = byPool.get(containerName) ?? [];
    const observation = await observeInside(
      world,
      container,
      inside,
      isPool.has(containerName),
      signal,
    );
    observations.set(containerName, observation);
  }
  const missing = names.filter((name) => !observations.has(name));
  for (const [name, observation] of await findRenamed(world, host, missing))
    observations.set(name, observation);
  return observations;
}

// What a rename has left of a name is no absence.
async function findRenamed(
  world: ListingWorld,
  host: string,
  missing: readonly string[],
): Promise<readonly (readonly [string, ContainerObservation])[]> {
  if (missing.length === 0) return [];
  const ids = new Map(missing.map((name) => [name.replace(/^freqtrade-/, ''), name]));
  const filter = { host, kind: 'dedicated' as const, instanceId: { $in: [...ids.keys()] } };
  const found = await world.collectionOf().find(filter).toArray();
  return (found as DedicatedDocument[]).flatMap(({ instanceId, containerName }) => {
    const name = ids.get(instanceId);
    if (name === undefined || !mayBeRenamed(containerName, instanceId)) return [];
    const reason = `${containerName} may be it under another name`;
    return [[name, { status: 'unknown', reason }] as const];
  });
}

async function observeInside(
  { injectedFaults }: ListingWorld,
  container: PoolDocument | DedicatedDocument,
  programs: readonly PooledDocument[],
  isPool: boolean,
  signal: AbortSignal,
): Promise<ContainerObservation> {
  const { host, containerId } = container;
  const place = { host, containerId };
  if ('paused' in container && container.paused) {
    return { status: 'not-running', ...place, how: 'paused' };
  }
  if (!container.running) return { status: 'not-running', ...place, how: 'exited' };
  if (!isPool) return { status: 'running', ...place, programs: new Map(), doubt: null };
  try {
    await injectedFaults.beforeRead([container], signal);
    refuseDead([container]);
  } catch (error) {
    if (error instanceof SagaError) return { status: 'unknown', reason: error.message };
    throw error;
  }
  const known = programs.flatMap(({ instanceId, program }) =>
    program === 'absent' ? [] : [[instanceId, program] as const],
  );
  const doubt = container.kind === 'pool' ? strangersIn(container) : null;
  return { status: 'running', ...place, programs: new Map(known), doubt };
}

async function readContainers(world: ListingWorld, host: string, names: readonly string[]) {
  const collection = world.collectionOf();
  try {
    const [containers, programs] = await Promise.all([
      collection.find({ host, containerName: { $in: [...names] } }).toArray(),
      collection.find({ pool: { $in: [...names] } }).toArray(),
    ]);
    return {
      containers: containers as (PoolDocument | DedicatedDocument)[],
      programs: programs as PooledDocument[],
    };
  } catch (cause) {
    throw new UnavailableError('SIMULATOR_UNREACHABLE', String(cause), { cause });
  }
}

/** @param met the pool and the program as they are now. */
export async function restartSimulated(
  { apply, injectedFaults }: Simulation,
  observed: ObservedPooled,
  met: readonly WorldDocument[],
  call: FencedCall,
): Promise<RestartOutcome> {
  const pool = met.find((one): one is PoolDocument => one.kind === 'pool');
  const bot = met.find((one): one is PooledDocument => one.kind === 'pooled');
  if (pool === undefined || bot?.pool !== observed.containerName) return 'gone';
  if (!pool.running) return 'not-needed';
  refuseDead(met);
  if (bot.conf !== 'present' || bot.program === 'absent') return 'gone';
  if (bot.program !== 'EXITED' && bot.program !== 'FATAL') return 'not-needed';
  const fails = await injectedFaults.refusesToStart(met);
  const program = fails ? ('FATAL' as const) : ('RUNNING' as const);
  // As supervisord does: only a program that is still at rest is started.
  const filter = {
    _id: bot._id,
    pool: observed.containerName,
    program: bot.program,
    conf: bot.conf,
  };
  await apply({ updateOne: { filter, update: { $set: { program } } } }, met, call);
  return fails ? 'failed' : 'started';
}
