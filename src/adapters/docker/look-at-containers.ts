// Health's look at containers: one listing by exact names a host, and for a pool that runs one `supervisorctl status`. A
// host or a pool that does not answer makes unknown what it could show, and nothing else (I4).

import type { BotsCall } from '../../deletion/ports/bots.ts';
import type { ProgramState } from '../../domain/bot.ts';
import type { ContainerLook, ContainersQuery } from '../../health/ports/pool-containers.ts';
import { botOfProgram } from '../supervisor/program-names.ts';
import { exactNameFilter, isManaged, isPoolContainer } from './container-names.ts';
import type { ListedContainer } from './container-view.ts';
import type { DockerParts } from './docker-parts.ts';
import { reasonOf } from './list-bots.ts';
import { mapBounded } from './map-bounded.ts';

/** Pools of one host that are asked at the same time: an exec costs the daemon some 50 ms of CPU. */
const CONCURRENCY = 8;
/** Names in one listing's filter. */
const MAX_NAMES = 200;

interface Sight {
  readonly name: string;
  readonly look: ContainerLook;
}

export async function lookAtContainers(
  hosts: readonly DockerParts[],
  { pools, dedicated }: ContainersQuery,
  call: BotsCall,
): Promise<ReadonlyMap<string, ContainerLook>> {
  const names = [...new Set([...pools, ...dedicated])];
  const isPool = new Set(pools);
  const unanswered: string[] = [];
  const sights = await Promise.all(
    hosts.map(async (host): Promise<readonly Sight[]> => {
      try {
        return await lookOnHost(host, names, isPool, call);
      } catch (error) {
        unanswered.push(reasonOf(error));
        return [];
      }
    }),
  );
  const byName = Map.groupBy(sights.flat(), ({ name }) => name);
  return new Map(names.map((name) => [name, combine(byName.get(name) ?? [], unanswered)]));
}

// What was not found may stand on a host that did not answer; what was found twice cannot be told apart.
function combine(found: readonly Sight[], unanswered: readonly string[]): ContainerLook {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only.look;
  if (only !== undefined) return { status: 'unknown', reason: 'it stands on more than one host' };
  const [reason] = unanswered;
  return reason === undefined ? { status: 'absent' } : { status: 'unknown', reason };
}

async function lookOnHost(
  host: DockerParts,
  names: readonly string[],
  isPool: ReadonlySet<string>,
  call: BotsCall,
): Promise<readonly Sight[]> {
  const wanted = new Set(names);
  const listed: ListedContainer[] = [];
  for (let from = 0; from < names.length; from += MAX_NAMES) {
    const part = names.slice(from, from + MAX_NAMES).map(exactNameFilter);
    listed.push(...(await host.containers.list({ name: part }, call)));
  }
  const found = listed.flatMap((container) =>
    container.names.filter((name) => wanted.has(name)).map((name) => ({ name, container })),
  );
  return mapBounded(found, CONCURRENCY, async ({ name, container }) => ({
    name,
    look: await lookIfOurs(host, name, container, isPool.has(name), call),
  }));
}

// The pool state can name any container: what is not the platform's is neither asked nor judged by its status.
async function lookIfOurs(
  host: DockerParts,
  name: string,
  container: ListedContainer,
  isPool: boolean,
  call: BotsCall,
): Promise<ContainerLook> {
  const isOurs = isPool ? isPoolContainer(container) : isManaged(container);
  if (isOurs) return lookInto(host, container, isPool, call);
  return { status: 'unknown', reason: `${name} is no ${isPool ? 'pool' : 'bot'} of the platform` };
}

async function lookInto(
  host: DockerParts,
  { id: containerId, status }: ListedContainer,
  isPool: boolean,
  call: BotsCall,
): Promise<ContainerLook> {
  const place = { host: host.name, containerId };
  switch (status) {
    case 'running':
      try {
        const programs = isPool ? await programsOf(host, containerId, call) : new Map();
        return { status: 'running', ...place, programs };
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

async function programsOf(
  host: DockerParts,
  containerId: string,
  call: BotsCall,
): Promise<ReadonlyMap<string, ProgramState>> {
  const programs = await host.supervisorReader(containerId, call).statusAll();
  return new Map(
    [...programs].flatMap(([program, state]) => {
      const instanceId = botOfProgram(program);
      return instanceId === undefined ? [] : [[instanceId, state] as const];
    }),
  );
}
