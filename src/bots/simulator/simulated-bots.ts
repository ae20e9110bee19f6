// The bots' port over the simulated world. It keeps Docker's semantics (tested by the same contract suite):
// stopping and removing repeat harmlessly, a pool that does not run cannot be changed, one that cannot be
// asked makes the answer unknown (I4), and the fence is asked right before each change (I5).

import { InDoubtError, SagaError, UnavailableError } from '@reclaim/saga';
import type { Connection } from 'mongoose';
import type { BotQuery, ObservedBot } from '../../domain/bot.ts';
import { joinAnswers, ok, unknown } from '../../domain/source.ts';
import type { Bots, FencedCall } from '../bots.ts';
import type { PoolContainers } from '../pool-containers.ts';
import { changeDedicated } from './change-dedicated.ts';
import { changePooled } from './change-pooled.ts';
import { findSimulatedPools } from './find-simulated-pools.ts';
import { refuseRenamed, refuseStrangers } from './foreign-containers.ts';
import { createInjectedFaults } from './injected-faults.ts';
import { hasSimulated, listSimulated } from './list-simulated.ts';
import { listSimulatedPool } from './list-simulated-pool.ts';
import { observeSimulated, restartSimulated } from './observe-simulated.ts';
import { readSimulatedPort } from './read-simulated-port.ts';
import { refuseDead, type Simulation } from './simulation.ts';
import { startSimulatedDedicated, startSimulatedPooled } from './start-simulated.ts';
import { createWorldCalls } from './world-calls.ts';
import {
  botOf,
  type DedicatedDocument,
  dedicatedKey,
  hostKey,
  type PoolDocument,
  type PooledDocument,
  pooledKey,
  poolKey,
  toObservedDedicated,
  toObservedPooled,
  type WorldDocument,
  worldCollection,
} from './world-documents.ts';

export interface SimulatedBotsOptions {
  readonly connection: Connection;
  readonly now: () => Date;
  /** Default: one host, `simulated`. */
  readonly hosts?: readonly string[];
  /** The images that exist on every host; default: all. */
  readonly images?: readonly string[];
  /** How long a simulated call that hangs, and a round trip to MongoDB, may take. */
  readonly deadlineMs?: number;
  /** The longest stop time of an owner's that a container gets. */
  readonly maxStopSeconds?: number;
}

export const SIMULATED_HOST = 'simulated';
const DEADLINE_MS = 5_000;
const MAX_STOP_SECONDS = 120;

export function createSimulatedBots(options: SimulatedBotsOptions): Bots & PoolContainers {
  const { connection, now, hosts = [SIMULATED_HOST], deadlineMs = DEADLINE_MS } = options;
  const { maxStopSeconds = MAX_STOP_SECONDS } = options;
  const collectionOf = () => worldCollection(connection);
  const calls = createWorldCalls(collectionOf);
  const injectedFaults = createInjectedFaults(calls, deadlineMs);
  const simulation: Simulation = {
    calls,
    injectedFaults,
    maxStopSeconds,
    apply: async (change, met, call) => {
      refuseAborted(call.signal);
      await call.fence();
      await injectedFaults.beforeChange(met, call.signal);
      await calls.change(change);
      await injectedFaults.afterChange(met);
    },
  };

  const answerOf = async <T>(signal: AbortSignal, read: () => Promise<T>) => {
    const askedAt = now();
    try {
      refuseAborted(signal);
      return ok(await read(), askedAt);
    } catch (error) {
      // Anything else is a mistake of this program and stays an exception.
      if (error instanceof SagaError) return unknown(error.message);
      throw error;
    }
  };
  const requireHost = (name: string) => {
    if (hosts.includes(name)) return;
    throw new UnavailableError('SIMULATED_HOST_UNKNOWN', `host "${name}" is not configured`);
  };
  const change = async <T>(
    observed: ObservedBot,
    run: (observedNow: readonly WorldDocument[]) => Promise<T>,
    instanceId: string,
    call: FencedCall,
  ): Promise<T> => {
    requireHost(observed.host);
    refuseAborted(call.signal);
    const met = await calls.read({ ids: keysOf(instanceId, observed) });
    await injectedFaults.beforeRead(met.filter(isPlace), call.signal);
    return run(met);
  };

  const images = options.images === undefined ? null : new Set(options.images);
  const listing = { collectionOf, calls, injectedFaults, now };

  return {
    locate: async (query, { signal }) => {
      const asked = query.dockerHost === undefined ? hosts : [query.dockerHost];
      const answers = await Promise.all(
        asked.map((host) =>
          answerOf(signal, async () => {
            requireHost(host);
            return locateOnHost(simulation, query, host, signal);
          }),
        ),
      );
      return joinAnswers(answers, now());
    },
    observe: (instanceId, observed, { signal }) =>
      answerOf(signal, async () => {
        requireHost(observed.host);
        const met = await calls.read({ ids: keysOf(instanceId, observed) });
        await injectedFaults.beforeRead(met, signal);
        refuseDead(met);
        const found = toObservedBots(met).filter((observedBot) => isSame(observedBot, observed));
        refuseStrangers(found, met, observed);
        return found[0] ?? null;
      }),
    stop: (instanceId, observed, call) =>
      change(
        observed,
        (met) =>
          observed.kind === 'dedicated'
            ? changeDedicated(simulation, observed, met, call).stop()
            : changePooled(simulation, observed, met, call).stop(),
        instanceId,
        call,
      ),
    restore: (instanceId, captured, call) =>
      change(
        captured,
        (met) =>
          captured.kind === 'dedicated'
            ? changeDedicated(simulation, captured, met, call).restore()
            : changePooled(simulation, captured, met, call).restore(),
        instanceId,
        call,
      ),
    remove: (instanceId, observed, call) =>
      change(
        observed,
        (met) =>
          observed.kind === 'dedicated'
            ? changeDedicated(simulation, observed, met, call).remove()
            : changePooled(simulation, observed, met, call).remove(),
        instanceId,
        call,
      ),
    start: async (order, call) => {
      const { instanceId, place } = order;
      requireHost(place.host);
      refuseAborted(call.signal);
      const ids =
        place.kind === 'pooled'
          ? [hostKey(place.host), poolKey(place.containerName), pooledKey(instanceId)]
          : [hostKey(place.host), dedicatedKey(instanceId)];
      const met = await calls.read({ ids });
      await injectedFaults.beforeRead(met.filter(isPlace), call.signal);
      await injectedFaults.beforeStart(met.filter(isPlace));
      return place.kind === 'pooled'
        ? startSimulatedPooled(simulation, order, place, met, call)
        : startSimulatedDedicated(simulation, order, place, { met, images, call });
    },
    readPort: (instanceId, observed, { signal }) =>
      answerOf(signal, async () => {
        requireHost(observed.host);
        return readSimulatedPort(simulation, keysOf(instanceId, observed), observed, signal);
      }),
    findPools: async (containerNames, { signal }) => {
      const answers = await Promise.all(
        hosts.map((host) =>
          answerOf(signal, () => findSimulatedPools(simulation, containerNames, host, signal)),
        ),
      );
      return {
        pools: answers.flatMap((answer) => (answer.status === 'ok' ? answer.items : [])),
        unknown: answers.flatMap((answer) => (answer.status === 'ok' ? [] : [answer.reason])),
      };
    },
    listPool: ({ host, containerName }, { signal }) =>
      answerOf(signal, async () => {
        requireHost(host);
        return listSimulatedPool(listing, host, containerName, signal);
      }),
    observeAll: (query, { signal }) => observeSimulated(listing, hosts, query, signal),
    restart: (instanceId, observed, call) =>
      change(
        observed,
        (met) => restartSimulated(simulation, observed, met, call),
        instanceId,
        call,
      ),
    hosts: () => hosts,
    list: async (host, owner, { signal }) => {
      if (hosts.includes(host)) return listSimulated(listing, host, owner, signal);
      const answer = unknown(`host "${host}" is not configured`);
      return { host, answer, unknownPools: [] };
    },
    hasManaged: (host, { signal }) =>
      answerOf(signal, async () => {
        requireHost(host);
        return hasSimulated(listing, host, signal);
      }),
  };
}

async function locateOnHost(
  { calls, injectedFaults }: Simulation,
  query: BotQuery,
  host: string,
  signal: AbortSignal,
): Promise<readonly ObservedBot[]> {
  const { instanceId, firebaseUid, userId, poolContainers } = query;
  const met = await calls.read({
    ids: [
      hostKey(host),
      dedicatedKey(instanceId),
      pooledKey(instanceId),
      ...poolContainers.map(poolKey),
    ],
    uids: [firebaseUid, userId].filter((owner) => typeof owner === 'string'),
  });
  const here = met.filter((document) => hostOf(document, met) === host);
  await injectedFaults.beforeRead(here, signal);
  refuseDead(here);
  const named = here.filter((one) => one.kind !== 'dedicated' || isNamed(one, instanceId));
  const observedBots = toObservedBots(named).map((observed) => asClaim(observed, query));
  refuseStrangers(observedBots, here);
  if (observedBots.length === 0) refuseRenamed(here, query);
  return observedBots;
}

function isNamed(bot: DedicatedDocument, instanceId: string): boolean {
  return botOf(bot) === instanceId || bot.labels.instanceId === instanceId;
}

// As in Docker: a label that no name, no entry and no known id goes with is a claim.
function asClaim(observed: ObservedBot, query: BotQuery): ObservedBot {
  if (observed.kind !== 'dedicated') return observed;
  const { instanceId, poolContainers, knownIds = [] } = query;
  const isOwn =
    observed.containerName === `freqtrade-${instanceId}` ||
    poolContainers.includes(observed.containerName) ||
    knownIds.includes(observed.containerId);
  return isOwn ? observed : { ...observed, byLabelAlone: true };
}

/** A program is where its pool is; nowhere where that was not asked. */
function hostOf(document: WorldDocument, met: readonly WorldDocument[]): string | undefined {
  if (document.kind === 'host') return document._id.slice(hostKey('').length);
  if (document.kind !== 'pooled') return document.host;
  const pool = met.find(({ _id }) => _id === poolKey(document.pool));
  return pool?.kind === 'pool' ? pool.host : undefined;
}

/** Only the pools that were asked count: like Docker's, a program in any other pool is not found. */
function toObservedBots(met: readonly WorldDocument[]): readonly ObservedBot[] {
  const pools = new Map(
    met.filter((document) => document.kind === 'pool').map((pool) => [pool.containerName, pool]),
  );
  return met.flatMap((document): ObservedBot[] => {
    if (document.kind === 'dedicated') return [toObservedDedicated(document)];
    if (document.kind !== 'pooled') return [];
    const pool = pools.get(document.pool);
    if (pool === undefined || isNowhere(document, pool)) return [];
    return [toObservedPooled(document, pool)];
  });
}

function isNowhere({ conf, program }: PooledDocument, { running }: PoolDocument): boolean {
  return conf === 'gone' && (program === 'absent' || !running);
}

function isSame(observedBot: ObservedBot, observed: ObservedBot): boolean {
  if (observedBot.kind !== observed.kind) return false;
  return observed.kind === 'dedicated'
    ? observedBot.containerId === observed.containerId
    : observedBot.containerName === observed.containerName;
}

function keysOf(instanceId: string, observed: ObservedBot): string[] {
  return observed.kind === 'dedicated'
    ? [hostKey(observed.host), dedicatedKey(instanceId)]
    : [hostKey(observed.host), pooledKey(instanceId), poolKey(observed.containerName)];
}

function isPlace({ kind }: WorldDocument): boolean {
  return kind === 'host' || kind === 'pool';
}

function refuseAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new InDoubtError('SIMULATED_ABORTED', 'the call was aborted before it was made');
}
