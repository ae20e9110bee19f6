// The bots of the simulated world: the real logic for bots in Docker, on daemons that are not there.

import type { Db } from 'mongodb';
import { createDockerBots, type DockerBots } from '../docker/docker-bots.ts';
import { CONF_DIR } from './conf-text.ts';
import { createOperations, type Fenced, type Operations, type Subject } from './operation.ts';
import { createSimulatedDaemon } from './simulated-daemon.ts';
import { createWorldCalls, type WorldQuery } from './world-calls.ts';
import { dedicatedKey, pooledKey, poolKey, worldCollection } from './world-documents.ts';

export interface SimulatedBotsOptions {
  readonly db: Db;
  readonly now: () => Date;
  /** Default: one host, `simulated`. */
  readonly hosts?: readonly string[];
  /** The images that exist on every host; default: all. */
  readonly images?: readonly string[];
  /** How long a call may take, one that hangs above all. */
  readonly deadlineMs?: number;
  /** The longest stop time of an owner's that a container gets. */
  readonly maxStopSeconds?: number;
}

export const SIMULATED_HOST = 'simulated';
const DEADLINE_MS = 5_000;

export function createSimulatedBots(options: SimulatedBotsOptions): DockerBots {
  const { db, now, hosts = [SIMULATED_HOST], deadlineMs = DEADLINE_MS } = options;
  const { maxStopSeconds } = options;
  const operations = createOperations(createWorldCalls(() => worldCollection(db)));
  const images = options.images === undefined ? null : new Set(options.images);
  const bots = createDockerBots({
    hosts: hosts.map((host) => {
      const client = createSimulatedDaemon({ host, operations, images });
      return { name: host, options: { client } };
    }),
    now,
    supervisorConfDir: CONF_DIR,
    deadlines: {
      ...{ readMs: deadlineMs, changeMs: deadlineMs, commandMs: deadlineMs },
      // Asking is cheap here, and what was started stands at once.
      ...{ refusedForMs: 0, startedForMs: 0, probeMs: Math.min(deadlineMs, 1_000) },
      ...(maxStopSeconds === undefined ? {} : { maxStopSeconds }),
    },
  });
  return inOperations(bots, operations);
}

function inOperations(bots: DockerBots, { run }: Operations): DockerBots {
  const read = <T>(work: () => Promise<T>, place: Place = {}, instanceId: string | null = null) =>
    run({ kind: 'read', instanceId, about: aboutOf(instanceId, place) }, work);
  const change = <T>(
    work: (fenced: Fenced) => Promise<T>,
    place: Place,
    instanceId: string,
    kind: Subject['kind'] = 'change',
  ) => run({ kind, instanceId, about: aboutOf(instanceId, place) }, work);
  return {
    ...bots,
    locate: (query, call) => {
      const { instanceId, poolContainers } = query;
      const about = { ...aboutOf(instanceId), pool: poolContainers };
      return run({ kind: 'read', instanceId, about }, () => bots.locate(query, call));
    },
    observe: (id, bot, call) => read(() => bots.observe(id, bot, call), bot, id),
    readPort: (id, bot, call) => read(() => bots.readPort(id, bot, call), bot, id),
    stop: (id, bot, call) => change((fenced) => bots.stop(id, bot, fenced(call)), bot, id),
    restore: (id, bot, call) => change((fenced) => bots.restore(id, bot, fenced(call)), bot, id),
    remove: (id, bot, call) => change((fenced) => bots.remove(id, bot, fenced(call)), bot, id),
    restart: (id, bot, call) => change((fenced) => bots.restart(id, bot, fenced(call)), bot, id),
    start: (order, call) =>
      change((fenced) => bots.start(order, fenced(call)), order.place, order.instanceId, 'start'),
    findPools: (names, call) => read(() => bots.findPools(names, call)),
    listPool: (pool, call) => read(() => bots.listPool(pool, call), pool),
    list: (host, owner, call) => read(() => bots.list(host, owner, call)),
    observeAll: (query, call) => read(() => bots.observeAll(query, call)),
    hasManaged: (host, call) => read(() => bots.hasManaged(host, call)),
  };
}

interface Place {
  readonly kind?: 'dedicated' | 'pooled';
  readonly containerId?: string;
  readonly containerName?: string;
}

function aboutOf(instanceId: string | null, place: Place = {}): WorldQuery {
  const { kind, containerId, containerName } = place;
  const pools = containerName === undefined || kind === 'dedicated' ? [] : [containerName];
  const bots = instanceId === null ? [] : [dedicatedKey(instanceId), pooledKey(instanceId)];
  return {
    _id: [...bots, ...pools.map(poolKey)],
    containerId: containerId === undefined ? [] : [containerId],
    pool: pools,
  };
}
