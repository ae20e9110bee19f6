// A Docker daemon that is not there: the calls that this program makes to one host, answered from the documents of the
// simulated world with Docker's own words and status codes. What the bots' logic makes of them is the real one.

import { Readable } from 'node:stream';
import { pause } from '@reclaim/saga';
import type Docker from 'dockerode';
import { boundedStop, USUAL_STOP_SECONDS } from '../../domain/bot.ts';
import { LABELS } from '../docker/container-view.ts';
import type { DockerClient } from '../docker/docker-client.ts';
import { tarOfFiles } from '../docker/tar.ts';
import {
  type ContainerDocument,
  inspected,
  isContainer,
  type Listed,
  listed,
} from './container-answers.ts';
import { type ContainerFilters, listFilter, queryOf } from './container-filters.ts';
import {
  type AnswerFault,
  beforeChange,
  beforeRead,
  daemonAnswer,
  isHit,
  lostReply,
} from './injected-faults.ts';
import type { Known, Operation, Operations } from './operation.ts';
import { createSimulatedPools } from './simulated-pool.ts';
import {
  type DedicatedDocument,
  dedicatedKey,
  hostKey,
  newContainerId,
  pooledKey,
} from './world-documents.ts';

export interface SimulatedDaemonOptions {
  /** As in DOCKER_HOSTS. */
  readonly host: string;
  readonly operations: Operations;
  /** Null: every image exists. */
  readonly images: ReadonlySet<string> | null;
}

interface Call {
  readonly abortSignal?: AbortSignal;
}

export function createSimulatedDaemon({
  host,
  operations,
  images,
}: SimulatedDaemonOptions): DockerClient {
  const pools = createSimulatedPools(operations);

  async function list({ filters, limit, abortSignal }: Call & ListOptions) {
    const operation = operations.current();
    const wanted: ContainerFilters = JSON.parse(filters);
    const query = queryOf(wanted);
    const keys = { ...query, _id: [hostKey(host), ...(query?._id ?? [])] };
    const place = await operation.find(keys, `${host} ${filters}`);
    // A listing meets the faults of its host alone, not those of what it lists.
    await beforeRead(operation, documentsOf(place, hostKey(host)), abortSignal);
    const known = query === null ? await operation.findHost(host, wanted, limit) : place;
    const isListed = listFilter(wanted);
    const answers: Listed[] = [];
    for (const one of known.values()) {
      if (!isContainer(one) || one.host !== host) continue;
      const answer = listed(one);
      if (isListed(answer)) answers.push(answer);
    }
    return answers.slice(0, limit ?? answers.length);
  }

  /** The container, and what stands in the way to it: host, container, and the bot that the operation is about. */
  async function find(operation: Operation, containerId: string, what: string) {
    const query = { _id: [hostKey(host)], containerId: [containerId] };
    const known = await operation.find(query, `${containerId} ${what}`);
    const container = containerIn(known, containerId, host);
    const bot = known.get(pooledKey(operation.instanceId ?? ''));
    const isInside = bot?.kind === 'pooled' && bot.pool === container?.containerName;
    const place = documentsOf(known, hostKey(host), container?._id ?? '');
    return { container, met: isInside ? [...place, bot] : place };
  }

  function getContainer(containerId: string) {
    const missing = () => daemonAnswer(404, `No such container: ${containerId}`);
    const read = async (what: string, { abortSignal }: Call): Promise<ContainerDocument> => {
      const operation = operations.current();
      const { container, met } = await find(operation, containerId, what);
      await beforeRead(operation, met, abortSignal);
      if (container === undefined) throw missing();
      return container;
    };
    const readPool = async (what: string, call: Call) => {
      const container = await read(what, call);
      if (container.kind === 'pool') return container;
      throw daemonAnswer(409, `container ${containerId} is no pool`);
    };
    const changed = async (
      what: string,
      { abortSignal }: Call,
      make: (bot: DedicatedDocument, fails: Fails) => Promise<Change> | Change,
      { losesReply = true } = {},
    ) => {
      const operation = operations.current();
      const { container, met } = await find(operation, containerId, what);
      await beforeChange(operation, met, abortSignal);
      if (container === undefined) throw missing();
      if (container.kind === 'pool') throw daemonAnswer(403, 'pools are left as they are');
      const change = await make(container, (fault) => isHit(operation, met, fault));
      if (change === 'remove') await operation.remove(container);
      else await operation.put({ ...container, ...change });
      if (losesReply && (await isHit(operation, met, 'loseReply'))) throw lostReply();
    };

    return {
      inspect: async (call: Call) => inspected(await read('inspect', call)),
      update: (call: Call & { RestartPolicy: Policy }) =>
        changed('update', call, () => ({ restartPolicy: policyOf(call.RestartPolicy) }), {
          losesReply: false,
        }),
      start: (call: Call) =>
        changed('start', call, async (bot, fails) => {
          if (bot.running) throw daemonAnswer(304, 'it runs already');
          return { running: !(await fails('refuseStart')), paused: false };
        }),
      stop: (call: Call & { t?: number }) =>
        changed('stop', call, async (bot, fails) => {
          if (!bot.running) throw daemonAnswer(304, 'it does not run');
          if (await fails('refuseStop')) {
            throw daemonAnswer(500, `cannot stop container ${bot.containerName}: it runs on`);
          }
          if (bot.needsSeconds !== undefined) await operations.current().flush();
          const killed = (await endsLate(bot, call)) ? { killed: true } : {};
          if (bot.autoRemove === true) return 'remove';
          return { running: false, paused: false, ...killed };
        }),
      pause: (call: Call) => changed('pause', call, () => ({ paused: true })),
      unpause: (call: Call) => changed('unpause', call, () => ({ paused: false })),
      remove: (call: Call) =>
        changed('remove', call, (bot) => {
          if (!bot.running) return 'remove';
          throw daemonAnswer(409, `cannot remove container "/${bot.containerName}": it is running`);
        }),
      exec: async (call: Call & { Cmd: readonly string[] }) => {
        const pool = await readPool(`exec ${call.Cmd.at(-1)}`, call);
        if (!pool.running) throw daemonAnswer(409, `container ${containerId} is not running`);
        return { start: async () => pools.open(pool, call.Cmd.at(-1) ?? '') };
      },
      getArchive: async ({ path, ...call }: Call & { path: string }) => {
        const files = await pools.files(await readPool(`archive ${path}`, call), path);
        if (files === null) throw daemonAnswer(404, `Could not find the file ${path} in container`);
        return Readable.from([await tarOfFiles(files)]);
      },
      putArchive: async (archive: Buffer, { path, ...call }: Call & { path: string }) =>
        pools.write(await readPool(`write ${path}`, call), path, archive),
    };
  }

  async function createContainer({ abortSignal, ...creation }: Call & Creation) {
    const { name, Image } = creation;
    const operation = operations.current();
    const _id = dedicatedKey(name.replace(/^freqtrade-/, ''));
    const known = await operation.find({ _id: [hostKey(host), _id] }, `create ${name}`);
    const place = documentsOf(known, hostKey(host));
    await beforeChange(operation, place, abortSignal);
    if (images !== null && !images.has(Image)) throw daemonAnswer(404, `No such image: ${Image}`);
    if (known.has(_id)) {
      throw daemonAnswer(409, `Conflict. The container name "/${name}" is already in use`);
    }
    await operation.put(newContainer(_id, host, creation));
    if (await isHit(operation, place, 'loseReply')) throw lostReply();
  }

  // An operation of its own: the question whether a host is back is no part of what waits for the host.
  const ping = ({ abortSignal }: Call) =>
    operations.run({ kind: 'read', instanceId: null, about: {} }, async () => {
      const operation = operations.current();
      const known = await operation.find({ _id: [hostKey(host)] }, 'ping');
      await beforeRead(operation, documentsOf(known, hostKey(host)), abortSignal);
    });

  const api = { ping, listContainers: list, getContainer, createContainer };
  // Of dockerode what this program calls.
  return { api: api as unknown as Docker, close: () => undefined };
}

type Change = 'remove' | Partial<DedicatedDocument>;
type Fails = (fault: AnswerFault) => Promise<boolean>;

interface ListOptions {
  readonly filters: string;
  readonly limit?: number;
}

interface Creation {
  readonly name: string;
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: { readonly RestartPolicy: Policy };
}

interface Policy {
  readonly Name: string;
  readonly MaximumRetryCount: number;
}

function containerIn(known: Known, containerId: string, host: string) {
  for (const one of known.values()) {
    if (isContainer(one) && one.containerId === containerId && one.host === host) return one;
  }
  return undefined;
}

function documentsOf(known: Known, ...ids: readonly string[]) {
  return ids.flatMap((id) => known.get(id) ?? []);
}

function policyOf({ Name, MaximumRetryCount }: Policy): string {
  return MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name;
}

function newContainer(
  _id: string,
  host: string,
  { name, Labels, HostConfig }: Creation,
): DedicatedDocument {
  const { [LABELS.instanceId]: instanceId = '', [LABELS.userId]: userId = '' } = Labels;
  const container = { host, containerId: newContainerId(), containerName: name };
  const labels = { instanceId, userId };
  const state = {
    running: false,
    paused: false,
    restartPolicy: policyOf(HostConfig.RestartPolicy),
  };
  return { _id, kind: 'dedicated', instanceId, ...container, labels, ...state };
}

/** Waits for it to end. @returns whether it was killed. @throws when the caller gives up first. */
async function endsLate(
  { stopSeconds, needsSeconds = 0 }: DedicatedDocument,
  { t, abortSignal }: Call & { t?: number },
): Promise<boolean> {
  const own = boundedStop(stopSeconds ?? USUAL_STOP_SECONDS, Number.POSITIVE_INFINITY);
  const seconds = t ?? own;
  await pause(1_000 * Math.min(needsSeconds, seconds), abortSignal);
  if (abortSignal?.aborted) throw new Error('aborted while it was stopping');
  return needsSeconds > seconds;
}
