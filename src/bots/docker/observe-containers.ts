// What health observes of containers: one listing by exact names a host, and for a pool that runs one `supervisorctl status`. A
// host or a pool that does not answer makes unknown what it could show, and nothing else (I4).

import type { ProgramState } from '../../domain/bot.ts';
import { chunksOf, mapBounded } from '../../domain/map-bounded.ts';
import { mayBeRenamed, renamedPool } from '../../domain/renamed.ts';
import type { BotsCall } from '../bots.ts';
import type { ContainerObservation, ContainersQuery } from '../pool-containers.ts';
import { matchPrograms } from '../supervisor/match-programs.ts';
import { botOfProgram, stateOf } from '../supervisor/program-names.ts';
import {
  botOfName,
  exactNameFilter,
  holdsNameFilter,
  isManaged,
  isPoolContainer,
} from './container-names.ts';
import type { ListedContainer } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';
import { reasonOf } from './list-bots.ts';
import { renamedReason } from './locate-bot.ts';
import { unmatchedReason } from './read-observed.ts';

/** Pools of one host that are asked at the same time: an exec costs the daemon some 50 ms of CPU. */
const CONCURRENCY = 8;
/** Names in one listing's filter. */
const MAX_NAMES = 200;

interface HealthSign {
  readonly name: string;
  /** It is not called so, but holds the name: it counts where nothing is called so. */
  readonly isRenamed?: true;
  readonly observation: ContainerObservation;
}

export async function observeContainers(
  hosts: readonly DockerServices[],
  { pools, dedicated }: ContainersQuery,
  call: BotsCall,
): Promise<ReadonlyMap<string, ContainerObservation>> {
  const expected = new Map(pools.map(({ containerName, bots }) => [containerName, bots]));
  const names = [...new Set([...expected.keys(), ...dedicated])];
  const unanswered: string[] = [];
  const named = await Promise.all(
    hosts.map(async (host): Promise<readonly HealthSign[]> => {
      try {
        return await observeOnHost(host, names, expected, call);
      } catch (error) {
        unanswered.push(reasonOf(error));
        return [];
      }
    }),
  );
  const byName = Map.groupBy(named.flat(), ({ name }) => name);
  for (const [name, all] of byName) {
    const own = all.filter(({ isRenamed }) => isRenamed !== true);
    if (own.length > 0) byName.set(name, own);
  }
  return new Map(names.map((name) => [name, combine(byName.get(name) ?? [], unanswered)]));
}

// What was not found may stand on a host that did not answer; what was found twice cannot be told apart.
function combine(
  found: readonly HealthSign[],
  unanswered: readonly string[],
): ContainerObservation {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only.observation;
  if (only !== undefined) return { status: 'unknown', reason: 'it stands on more than one host' };
  const [reason] = unanswered;
  return reason === undefined ? { status: 'absent' } : { status: 'unknown', reason };
}

async function observeOnHost(
  host: DockerServices,
  names: readonly string[],
  expected: ReadonlyMap<string, readonly string[]>,
  call: BotsCall,
): Promise<readonly HealthSign[]> {
  const wanted = new Set(names);
  const listed: ListedContainer[] = [];
  for (const part of chunksOf(names.map(exactNameFilter), MAX_NAMES)) {
    listed.push(...(await host.containers.list({ name: part }, call)));
  }
  const found = listed.flatMap((container) =>
    container.names.filter((name) => wanted.has(name)).map((name) => ({ name, container })),
  );
  const observations = await mapBounded(found, CONCURRENCY, async ({ name, container }) => ({
    name,
    observation: await observeIfOurs(host, name, container, expected.get(name), call),
  }));
  const observed = new Set(found.map(({ name }) => name));
  const missing = names.filter((name) => !observed.has(name));
  return [...observations, ...(await findRenamed(host, missing, call))];
}

// Only for those that are missing: what a rename has left of a name is no absence.
async function findRenamed(
  { containers }: DockerServices,
  missing: readonly string[],
  call: BotsCall,
): Promise<readonly HealthSign[]> {
  const named: HealthSign[] = [];
  for (const part of chunksOf(missing, MAX_NAMES)) {
    const listed = await containers.list({ name: part.map(holdsNameFilter) }, call);
    const held = listed.flatMap((container) => container.names);
    for (const name of part) {
      const now = held.find((one) => holdsName(one, name));
      if (now === undefined) continue;
      const observation = { status: 'unknown' as const, reason: renamedReason([now]) };
      named.push({ name, isRenamed: true, observation });
    }
  }
  return named;
}

function holdsName(now: string, name: string): boolean {
  const bot = botOfName(name);
  return renamedPool(now) === name || (bot !== undefined && mayBeRenamed(now, bot));
}

// The pool state can name any container: what is not the platform's is neither asked nor judged by its status, and of a
// pool the status is no bot's.
async function observeIfOurs(
  host: DockerServices,
  name: string,
  container: ListedContainer,
  bots: readonly string[] | undefined,
  call: BotsCall,
): Promise<ContainerObservation> {
  const isPool = bots !== undefined;
  const isOurs = isPoolContainer(container) ? isPool : !isPool && isManaged(container);
  if (isOurs) return observeInside(host, container, bots, call);
  return { status: 'unknown', reason: `${name} is no ${isPool ? 'pool' : 'bot'} of the platform` };
}

async function observeInside(
  host: DockerServices,
  { id: containerId, status }: ListedContainer,
  bots: readonly string[] | undefined,
  call: BotsCall,
): Promise<ContainerObservation> {
  const place = { host: host.name, containerId };
  switch (status) {
    case 'running':
      try {
        const inside =
          bots === undefined ? NOTHING : await programsOf(host, containerId, bots, call);
        return { status: 'running', ...place, ...inside };
      } catch (error) {
        return { status: 'unknown', reason: reasonOf(error) };
      }
    case 'created':
    case 'exited':
    case 'paused':
    case 'restarting':
    case 'dead':
      return { status: 'not-running', ...place, how: status };
    default:
      return { status: 'unknown', reason: `the container is ${status}` };
  }
}

type Inside = Pick<Extract<ContainerObservation, { status: 'running' }>, 'programs' | 'doubt'>;

const NOTHING: Inside = { programs: new Map(), doubt: null };

// One command where every program has a bot's plain name and no bot is missing; else the conf files are asked, too.
async function programsOf(
  host: DockerServices,
  containerId: string,
  bots: readonly string[],
  call: BotsCall,
): Promise<Inside> {
  const programs = await host.supervisorReader(containerId, call).statusAll();
  const plain = new Map<string, ProgramState>();
  for (const { name, state } of programs) {
    const bot = name.includes(':') ? undefined : botOfProgram(name);
    if (bot !== undefined) plain.set(bot, state);
  }
  if (plain.size === programs.length && bots.every((bot) => plain.has(bot))) {
    return { programs: plain, doubt: null };
  }
  const matched = matchPrograms(await host.conf.read(containerId, call), programs);
  const found = [...matched.bots].flatMap(([bot, own]) => {
    const state = stateOf(own.programs);
    return state === 'absent' ? [] : [[bot, state] as const];
  });
  return { programs: new Map(found), doubt: unmatchedReason(matched) };
}
