// The container calls that this program makes, each with its deadline and its few known refusals. 304
// and 404 are success for stop and remove only; a removal has succeeded when inspect says 404 and not
// before. Containers are addressed by full id: a name could be another container's id prefix.

import { InDoubtError } from '@reclaim/saga';
import type Docker from 'dockerode';
import { boundedStop } from '../../domain/bot.ts';
import type { BotsCall, FencedCall } from '../bots.ts';
import {
  type ContainerView,
  type ListedContainer,
  parseInspect,
  parseListing,
  parsePolicy,
} from './container-view.ts';
import type { Deadlines } from './deadlines.ts';
import { isAnswer, isNoSuchContainer } from './docker-errors.ts';
import type { HostCalls } from './host-calls.ts';

type ListFilters = Readonly<Record<string, readonly string[]>>;
type Removal = 'accepted' | 'gone' | 'in-progress' | 'still-running';

export interface NewContainer {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly restartPolicy: string;
  /** Undefined: Docker's default. */
  readonly networkMode: string | undefined;
  readonly limits: ContainerLimits;
}

export function createContainers(host: HostCalls, deadlines: Deadlines) {
  const { readMs, changeMs } = deadlines;

  const change = (
    what: string,
    id: string,
    call: FencedCall,
    send: (container: Docker.Container, abortSignal: AbortSignal) => Promise<unknown>,
    deadlineMs = changeMs,
  ) => {
    const containerId = checkId(id);
    const request = {
      what,
      deadlineMs,
      send: (api: Docker, signal: AbortSignal) => send(api.getContainer(containerId), signal),
    };
    return host.change(request, call);
  };

  return {
    list: (
      filters: ListFilters,
      call: BotsCall,
      bound?: { readonly limit: number },
    ): Promise<readonly ListedContainer[]> => {
      const options = { all: true, filters: JSON.stringify(filters), ...bound };
      const request = {
        what: 'list',
        deadlineMs: readMs,
        isPrompt: true,
        send: async (api: Docker, abortSignal: AbortSignal) =>
          parseListing(await api.listContainers({ ...options, abortSignal })),
      };
      return host.read(request, call);
    },
    /** Null: the daemon says that there is no such container. */
    inspect: async (id: string, call: BotsCall): Promise<ContainerView | null> => {
      const containerId = checkId(id);
      const request = {
        what: 'inspect',
        deadlineMs: readMs,
        isPrompt: true,
        send: async (api: Docker, abortSignal: AbortSignal) =>
          parseInspect(await api.getContainer(containerId).inspect({ abortSignal })),
      };
      try {
        const view = await host.read(request, call);
        if (view.id !== id) throw new InDoubtError('DOCKER_ANSWER_SHAPE', 'another container');
        return view;
      } catch (error) {
        if (isNoSuchContainer(error)) return null;
        throw error;
      }
    },
    /** `changed-meanwhile`: the container ended or went while it was updated; observe it again. */
    setRestartPolicy: async (
      id: string,
      policy: string,
      call: FencedCall,
    ): Promise<'set' | 'changed-meanwhile'> => {
      const RestartPolicy = parsePolicy(policy);
      try {
        const send = (c: Docker.Container, abortSignal: AbortSignal) =>
          c.update({ RestartPolicy, abortSignal });
        await change('update', id, call, send);
        return 'set';
      } catch (error) {
        // The daemon takes the update back when the process ends, or the removal begins, in its middle.
        const hasEnded = isAnswer(error, 500, /not running|stopped container/i);
        const isGoing = isNoSuchContainer(error) || isAnswer(error, 409, /marked for removal/i);
        if (hasEnded || isGoing) return 'changed-meanwhile';
        throw error;
      }
    },
    /** The owner's stop signal, the owner's stop time where there is one, SIGKILL. A paused container is killed frozen: it
     * never runs again. */
    stop: async (
      { id, stopSeconds }: Pick<ContainerView, 'id' | 'stopSeconds'>,
      call: FencedCall,
    ): Promise<void> => {
      const { seconds, sent } = graceOf(stopSeconds, deadlines);
      const deadlineMs = seconds * 1_000 + changeMs;
      const send = (c: Docker.Container, abortSignal: AbortSignal) =>
        c.stop({ ...sent, abortSignal });
      await change('stop', id, call, send, deadlineMs).catch(
        unless((error) => isNoSuchContainer(error) || isAnswer(error, 304, /(?:)/)),
      );
    },
    start: async (id: string, call: FencedCall): Promise<void> => {
      await change('start', id, call, (c, abortSignal) => c.start({ abortSignal })).catch(
        unless((error) => isAnswer(error, 304, /(?:)/)),
      );
    },
    /** Makes a container and starts nothing. `name-taken`: another container has the name. */
    create: async (
      { name, image, labels, restartPolicy, networkMode, limits }: NewContainer,
      call: FencedCall,
    ): Promise<'created' | 'name-taken' | 'no-such-image'> => {
      const HostConfig = {
        RestartPolicy: parsePolicy(restartPolicy),
        ...hostConfigOf(limits),
        ...(networkMode === undefined ? {} : { NetworkMode: networkMode }),
      };
      const settings = { name, Image: image, Labels: { ...labels }, HostConfig };
      const request = {
        what: 'create',
        deadlineMs: changeMs,
        send: (api: Docker, abortSignal: AbortSignal) =>
          api.createContainer({ ...settings, abortSignal }),
      };
      try {
        await host.change(request, call);
        return 'created';
      } catch (error) {
        if (isAnswer(error, 409, /is already in use/i)) return 'name-taken';
        if (isAnswer(error, 404, /no such image/i)) return 'no-such-image';
        throw error;
      }
    },
    pause: async (id: string, call: FencedCall): Promise<void> => {
      await change('pause', id, call, (c, abortSignal) => c.pause({ abortSignal })).catch(
        unless((error) => isAnswer(error, 409, /is already paused/i)),
      );
    },
    unpause: async (id: string, call: FencedCall): Promise<void> => {
      await change('unpause', id, call, (c, abortSignal) => c.unpause({ abortSignal })).catch(
        unless((error) => isAnswer(error, 409, /is not paused/i)),
      );
    },
    /** Without force, and its anonymous volumes are kept: they hold the user's data. */
    remove: async (id: string, call: FencedCall): Promise<Removal> => {
      try {
        const options = { v: false, force: false };
        const send = (c: Docker.Container, abortSignal: AbortSignal) =>
          c.remove({ ...options, abortSignal });
        await change('remove', id, call, send);
        return 'accepted';
      } catch (error) {
        if (isNoSuchContainer(error)) return 'gone';
        if (isAnswer(error, 409, /already in progress/i)) return 'in-progress';
        const isRefused = isAnswer(error, 409, /cannot remove /i);
        if (isRefused && isAnswer(error, 409, /running|paused|restarting/i)) return 'still-running';
        throw error;
      }
    },
  };
}

/** How long a stop may take, and what of it is sent to Docker: nothing where its owner has set it. */
function graceOf(
  own: number | null,
  { stopGraceSeconds, maxStopSeconds }: Deadlines,
): { readonly seconds: number; readonly sent: { readonly t?: number } } {
  if (own === null) return { seconds: stopGraceSeconds, sent: { t: stopGraceSeconds } };
  const seconds = boundedStop(own, maxStopSeconds);
  return { seconds, sent: seconds === own ? {} : { t: seconds } };
}

/** A catch handler that lets the known refusals pass as success. */
function unless(isHarmless: (error: unknown) => boolean): (error: unknown) => void {
  return (error) => {
    if (!isHarmless(error)) throw error;
  };
}

/** The id becomes part of a URL's path. */
function checkId(id: string): string {
  if (/^[0-9a-f]{64}$/.test(id)) return id;
  throw new InDoubtError('DOCKER_BAD_ID', `not a full container id: ${JSON.stringify(id)}`);
}

/** What a container that we make may take of its host. A bot that leaks or forks must not take the machine, and the bots
 * beside it, with it; and it needs none of root's powers to trade. */
export interface ContainerLimits {
  /** Null: none. */
  readonly memoryMb: number | null;
  /** Kept of Docker's, by their names without CAP_; null: all that Docker gives. */
  readonly capabilities: readonly string[] | null;
}

export const DEFAULT_LIMITS: ContainerLimits = { memoryMb: 1_024, capabilities: [] };
/** Processes and threads: many times what a bot has. */
const MAX_PIDS = 512;

const MB = 1_048_576;

function hostConfigOf({ memoryMb, capabilities }: ContainerLimits): Docker.HostConfig {
  return {
    // The same with swap: a bot over its memory ends, and does not slow the disk for all.
    ...(memoryMb === null ? {} : { Memory: memoryMb * MB, MemorySwap: memoryMb * MB }),
    PidsLimit: MAX_PIDS,
    ...(capabilities === null ? {} : { CapDrop: ['ALL'], CapAdd: [...capabilities] }),
    SecurityOpt: ['no-new-privileges:true'],
  };
}
