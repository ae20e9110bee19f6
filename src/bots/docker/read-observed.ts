// From a container to an observation: one of a bot's own, and a pool with everything in it.

import { InDoubtError } from '@reclaim/saga';
import type { ObservedDedicated, ObservedPooled } from '../../domain/bot.ts';
import type { BotsCall } from '../bots.ts';
import {
  type BotPrograms,
  isPlain,
  matchPlain,
  matchPrograms,
  type PoolPrograms,
} from '../supervisor/match-programs.ts';
import { stateOf } from '../supervisor/program-names.ts';
import { type ContainerView, toObservedLabels } from './container-view.ts';
import type { DockerServices } from './docker-services.ts';

export function toDedicated(host: string, view: ContainerView): ObservedDedicated {
  const { stopSeconds, autoRemove } = view;
  return {
    kind: 'dedicated',
    host,
    containerId: view.id,
    containerName: view.name,
    labels: toObservedLabels(view.labels),
    running: view.running,
    paused: view.paused,
    restartPolicy: view.restartPolicy,
    ...(stopSeconds === null ? {} : { stopSeconds }),
    ...(autoRemove && { autoRemove }),
  };
}

export function toPooled(
  host: string,
  pool: ContainerView,
  { conf, programs, entangled, stopSeconds }: BotPrograms,
): ObservedPooled {
  return {
    kind: 'pooled',
    host,
    containerId: pool.id,
    containerName: pool.name,
    labels: toObservedLabels(pool.labels),
    poolRunning: pool.running,
    conf,
    program: stateOf(programs),
    programs,
    ...(entangled === undefined ? {} : { entangled }),
    ...(stopSeconds === undefined ? {} : { stopSeconds }),
  };
}

/** The bot in this pool, which the caller knows to be one, or null when neither a conf file nor a program of it is there.
 * @param captured what the bot was once seen as: where its programs are known by their names, others are not its.
 * @throws SagaError when that cannot be established. */
export async function readPooled(
  host: DockerServices,
  pool: ContainerView,
  instanceId: string,
  call: BotsCall,
  captured?: ObservedPooled,
): Promise<ObservedPooled | null> {
  const programs = await readPool(host, pool, call);
  const own = programs.bots.get(instanceId);
  const isKnown = own?.conf === 'aside' || (captured?.programs ?? own?.programs ?? []).length > 0;
  const doubt = unmatchedReason(programs);
  if (doubt !== null && !isKnown && (own?.programs ?? []).length === 0) {
    throw new InDoubtError('PROGRAM_UNMATCHED', `pool ${pool.name}: ${doubt}`);
  }
  if (own === undefined) return null;
  // Read once, when the bot is found: what is captured then is known at every later observation.
  const { stopSeconds: read, ...now } = own;
  const isToBeRead = captured === undefined && !programs.areFilesRead && own.conf !== 'gone';
  const found = isToBeRead
    ? await host.conf.readStopSeconds(pool.id, instanceId, own.conf, call)
    : read;
  const stopSeconds = captured === undefined ? found : captured.stopSeconds;
  return toPooled(host.name, pool, stopSeconds === undefined ? now : { ...now, stopSeconds });
}

/** Everything that a pool container says of its bots: its conf folder and, while it runs, supervisord's full status. The
 * files are opened only where names alone do not tell whose a program is. A pool that runs and is paused or restarting can
 * be asked neither way: in doubt (I4).
 * @throws SagaError when that cannot be established. */
export async function readPool(
  host: DockerServices,
  pool: ContainerView,
  call: BotsCall,
): Promise<PoolPrograms> {
  refuseMuted(pool);
  // One that does not run has no supervisord, and what its files say decides.
  if (!pool.running) return matchPrograms(await host.conf.read(pool.id, call), []);
  const [names, programs] = await Promise.all([
    host.conf.list(pool.id, call),
    host.supervisorReader(pool.id, call).statusAll(),
  ]);
  if (isPlain(names, programs)) return matchPlain(names, programs);
  return matchPrograms(await host.conf.read(pool.id, call), programs);
}

/** @throws InDoubtError for a container whose supervisord exists but cannot be asked. */
function refuseMuted({ name, paused, restarting }: ContainerView): void {
  if (!paused && !restarting) return;
  const how = paused ? 'paused' : 'restarting';
  throw new InDoubtError(`POOL_${how.toUpperCase()}`, `pool container ${name} is ${how}`);
}

/** Why a bot that was not found in the pool may be there all the same. */
export function unmatchedReason({ unmatched }: Pick<PoolPrograms, 'unmatched'>): string | null {
  if (unmatched.length === 0) return null;
  const named = unmatched.slice(0, MAX_NAMED).join(', ');
  return `nobody can tell whose program ${named} is`;
}

/** A reason is for a person. */
const MAX_NAMED = 3;
