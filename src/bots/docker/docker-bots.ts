// The bots' processes in Docker, on one or more hosts. This file only says which host is asked; a host that
// may hold the bot and did not answer makes the whole answer unknown (I4). I5: the fence is asked in
// host-calls.ts, right before each change.

import { UnavailableError } from '@reclaim/saga';
import { parseInstanceId } from '../../domain/ids.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../domain/source.ts';
import type { Bots, BotsCall } from '../bots.ts';
import type { PoolContainers } from '../pool-containers.ts';
import { type ReadBotEndpoint, readBotEndpoint } from './bot-endpoint.ts';
import { type ContainerLimits, DEFAULT_LIMITS } from './containers.ts';
import { DEFAULT_DEADLINES, type Deadlines } from './deadlines.ts';
import { removeDedicated, restoreDedicated, stopDedicated } from './dedicated-bot.ts';
import type { DockerHost } from './docker-client.ts';
import { createDockerServices, type DockerServices } from './docker-services.ts';
import { createHostWatch, type HostState } from './host-watch.ts';
import { findPoolsOn, hasManaged, listHost, listPool, reasonOf } from './list-bots.ts';
import { locateOnHost, observeOnHost } from './locate-bot.ts';
import { type BotProgram, PLATFORM_PROGRAM } from './new-programs.ts';
import { observeContainers } from './observe-containers.ts';
import { removePooled, restartPooled, restorePooled, stopPooled } from './pooled-bot.ts';
import { readPort } from './read-port.ts';
import { startDedicated } from './start-dedicated.ts';
import { startPooled } from './start-pooled.ts';

export interface DockerBots extends Bots, PoolContainers {
  /** Begins to ping hosts whose circuit is open. Idempotent; without it they are probed by the calls
   * that come. */
  readonly open: () => void;
  /** Ends that and closes all connections. Idempotent. */
  readonly close: () => void;
  /** Where the bot's own API listens, and how it is configured. */
  readonly readEndpoint: ReadBotEndpoint;
  readonly hostStates: () => readonly HostState[];
  /** Calls back when a host whose circuit was open answers again. @returns how to unsubscribe. */
  readonly onHostBack: (listener: (host: string) => void) => () => void;
}

export interface DockerBotsOptions {
  readonly hosts: readonly DockerHost[];
  readonly now: () => Date;
  /** Where pool containers keep supervisord's conf files. */
  readonly supervisorConfDir?: string;
  readonly deadlines?: Partial<Deadlines>;
  /** What a new bot in a pool runs; default: the platform's. */
  readonly botProgram?: Partial<BotProgram>;
  /** Of new containers; default: Docker's. */
  readonly networkMode?: string;
  /** Of new containers. */
  readonly limits?: ContainerLimits;
  readonly log?: { warn(facts: object, message: string): void };
}

const SUPERVISOR_CONF_DIR = '/pool/supervisor';

export function createDockerBots(options: DockerBotsOptions): DockerBots {
  const { now, log, supervisorConfDir = SUPERVISOR_CONF_DIR } = options;
  const deadlines = { ...DEFAULT_DEADLINES, ...options.deadlines };
  const listeners = new Set<(host: string) => void>();
  const watches = options.hosts.map((host) =>
    createHostWatch({
      host,
      deadlines,
      now,
      onChange: (name, circuit) => {
        log?.warn({ host: name, circuit }, 'docker circuit changed');
        if (circuit === 'closed') for (const listener of listeners) listener(name);
      },
    }),
  );
  const botProgram = { ...PLATFORM_PROGRAM, ...options.botProgram };
  const { networkMode, limits = DEFAULT_LIMITS } = options;
  const parts = { supervisorConfDir, deadlines, botProgram, networkMode, limits };
  const hosts = watches.map(({ calls }, index) =>
    createDockerServices(calls, parts, tcpHostOf(options.hosts[index])),
  );
  const hostOf = (observed: { readonly host: string }): DockerServices => {
    const host = hosts.find(({ name }) => name === observed.host);
    if (host !== undefined) return host;
    throw new UnavailableError('DOCKER_HOST_UNKNOWN', notConfigured(observed.host));
  };

  return {
    open: () => {
      for (const watch of watches) watch.open();
    },
    close: () => {
      for (const host of hosts) host.close();
      for (const watch of watches) watch.close();
    },
    hostStates: () => watches.map((watch) => watch.state()),
    onHostBack: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    locate: async (query, call) => {
      // Such an id can be in no label, name or program, and must not reach a filter.
      if (parseInstanceId(query.instanceId) === undefined) {
        return joinAnswers([unknown('not an id of a bot')], now());
      }
      const { dockerHost } = query;
      const asked = hosts.filter(({ name }) => dockerHost === undefined || name === dockerHost);
      if (asked.length === 0) {
        return joinAnswers([unknown(notConfigured(dockerHost ?? 'any'))], now());
      }
      const answers = await Promise.all(
        asked.map((host) => answerOf(() => locateOnHost(host, query, call), now)),
      );
      return joinAnswers(answers, now());
    },
    observe: (instanceId, observed, call) =>
      answerOf(() => observeOnHost(hostOf(observed), instanceId, observed, call), now),

    stop: async (instanceId, observed, call) => {
      const host = hostOf(observed);
      return observed.kind === 'dedicated'
        ? stopDedicated(host, observed, call)
        : stopPooled(host, instanceId, observed, call);
    },
    restore: async (instanceId, captured, call) => {
      const host = hostOf(captured);
      return captured.kind === 'dedicated'
        ? restoreDedicated(host, captured, call)
        : restorePooled(host, instanceId, captured, call);
    },
    remove: async (instanceId, observed, call) => {
      const host = hostOf(observed);
      return observed.kind === 'dedicated'
        ? removeDedicated(host, observed, call)
        : removePooled(host, instanceId, observed, call);
    },

    start: async ({ place, ...bot }, call) => {
      const host = hostOf(place);
      return place.kind === 'dedicated'
        ? startDedicated(host, bot, place, call)
        : startPooled(host, bot, place, call);
    },
    readPort: (instanceId, observed, call) =>
      answerOf(() => readPort(hostOf(observed), instanceId, observed, call), now),
    findPools: async (containerNames, call) => {
      const answers = await Promise.all(
        hosts.map((host) => answerOf(() => findPoolsOn(host, containerNames, call), now)),
      );
      return {
        pools: answers.flatMap((answer) => (answer.status === 'ok' ? answer.items : [])),
        unknown: answers.flatMap((answer) => (answer.status === 'ok' ? [] : [answer.reason])),
      };
    },
    listPool: (pool, call) => answerOf(() => listPool(hostOf(pool), pool.containerName, call), now),

    observeAll: (query, call) => observeContainers(hosts, query, call),
    restart: (instanceId, observed, call) =>
      restartPooled(hostOf(observed), instanceId, observed, call),

    readEndpoint: async (instanceId, observed, call) =>
      readBotEndpoint(hostOf(observed), instanceId, observed, call),

    hosts: () => hosts.map(({ name }) => name),
    list: async (name, owner, call: BotsCall) => {
      const host = hosts.find((known) => known.name === name);
      if (host !== undefined) return listHost(host, owner, now, call);
      return { host: name, answer: unknown(notConfigured(name)), unknownPools: [] };
    },
    hasManaged: async (name, call) => {
      const host = hosts.find((known) => known.name === name);
      if (host === undefined) return unknown(notConfigured(name));
      return answerOf(() => hasManaged(host, call), now);
    },
  };
}

/** Anything thrown that is not a known failure is a mistake of this program and stays an exception. */
async function answerOf<T>(read: () => Promise<T>, now: () => Date): Promise<SourceAnswer<T>> {
  // The answer is as old as its first call.
  const askedAt = now();
  try {
    return ok(await read(), askedAt);
  } catch (error) {
    return unknown(reasonOf(error));
  }
}

function tcpHostOf(host: DockerHost | undefined): string | undefined {
  return host !== undefined && 'host' in host.options ? host.options.host : undefined;
}

function notConfigured(host: string): string {
  return `docker host "${host}" is not configured`;
}
