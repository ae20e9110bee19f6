// All event streams of this process: which callers have one, how many there may be, and how each of them ends: with its
// job, with the caller's identity, with its client, or with the server. One watch and one timer serve them all.

import type { FastifyReply } from 'fastify';
import type { SagaRecord } from '../log/record.ts';
import type { SagaWatch } from '../operate/saga-watch.ts';
import { pause } from '../run/deadline.ts';
import { shielded } from '../run/shielded.ts';
import type { Caller } from './access.ts';
import { type JobStream, openJobStream, type Viewing } from './job-stream.ts';
import { problem } from './problem.ts';

interface StreamRequest<C extends Caller> {
  /** As just read, and visible to this caller. */
  readonly saga: SagaRecord;
  /** The last event that the client got, if it comes again. */
  readonly lastEventId: string | undefined;
  readonly caller: C;
  readonly statusUrl: string;
  readonly reply: FastifyReply;
}

export interface StreamOptions<C extends Caller> {
  /** Called about once a second while streams are open: which of these callers may watch no longer, e.g. because their
   * session was signed out on another process. While it fails, streams end with `expiresAt`. */
  readonly findRevoked?: ((callers: readonly C[]) => Promise<readonly C[]>) | undefined;
  /** How many are open, after each change: for a gauge. */
  readonly onCount?: ((open: number) => void) | undefined;
  readonly limits?: Partial<StreamLimits> | undefined;
}

interface JobStreamsOptions<C extends Caller> extends Viewing<C>, StreamOptions<C> {
  readonly watch: SagaWatch;
  /** `findRevoked` failed. */
  readonly onUnreadable: (err: unknown) => void;
  /** `onCount` failed. */
  readonly onUncounted: (err: unknown) => void;
}

export interface StreamLimits {
  /** Each holds a socket and some tens of kilobytes. */
  readonly perProcess: number;
  readonly perCaller: number;
  /** Proxies give up on a connection that is silent for a minute, some sooner. */
  readonly beatEveryMs: number;
}

const LIMITS: StreamLimits = { perProcess: 1_000, perCaller: 20, beatEveryMs: 15_000 };
/** How late an expiry and a beat may be noticed. */
const TICK_MS = 1_000;
/** For clients that do not read, when the server closes. */
const LAST_GOODBYE_MS = 250;
/** Clients that were cut off together come back spread over as long again. */
const RETRY_MS = 1_000;

export function createJobStreams<C extends Caller>(options: JobStreamsOptions<C>) {
  const { watch, findRevoked } = options;
  const limits = { ...LIMITS, ...options.limits };
  const streams = new Map<JobStream, C>();
  const lockedBy = { isClosed: false, isEmpty: new AbortController() };
  let timer: NodeJS.Timeout | undefined;

  // It is called when a connection closes, where an error would end the process.
  const onCount = shielded((open: number) => options.onCount?.(open), options.onUncounted);

  const tick = () => {
    for (const stream of streams.keys()) stream.tend(limits.beatEveryMs);
    void endRevoked();
  };

  let isAsking = false;
  async function endRevoked(): Promise<void> {
    if (isAsking || findRevoked === undefined) return;
    isAsking = true;
    try {
      const revoked = await findRevoked([...streams.values()]);
      for (const [stream, caller] of streams) if (revoked.includes(caller)) stream.end();
    } catch (err) {
      options.onUnreadable(err);
    } finally {
      isAsking = false;
    }
  }

  function add(stream: JobStream, caller: C): void {
    streams.set(stream, caller);
    onCount(streams.size);
    timer ??= setInterval(tick, Math.min(TICK_MS, limits.beatEveryMs));
  }

  function remove(stream: JobStream): void {
    streams.delete(stream);
    onCount(streams.size);
    if (streams.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    if (lockedBy.isClosed) lockedBy.isEmpty.abort();
  }

  return {
    /** Takes the reply over: the job as it is, and then each of its changes, until it has ended.
     * @throws Problem `too-many-streams` or `streams-exhausted`, before anything is sent. */
    open: ({ saga, lastEventId, caller, statusUrl, reply }: StreamRequest<C>): void => {
      requireRoom([...streams.values()], limits, caller, statusUrl);
      const isGone = reply.raw.destroyed;
      const retryMs = RETRY_MS + Math.round(RETRY_MS * Math.random());
      const stream = openJobStream(reply, retryMs, caller, options);
      if (isGone) return;
      add(stream, caller);
      const unwatch = watch.watch(saga, {
        changed: stream.show,
        unreadable: () => stream.comment('the log cannot be read; trying again'),
      });
      reply.raw.once('close', () => {
        unwatch();
        remove(stream);
      });
      stream.resume(saga, lastEventId);
      stream.show(saga);
      if (lockedBy.isClosed) stream.end();
    },
    /** Ends all streams, now and later ones; resolves when they are gone. */
    close: async (): Promise<void> => {
      lockedBy.isClosed = true;
      watch.close();
      for (const stream of streams.keys()) stream.end();
      if (streams.size > 0) await pause(LAST_GOODBYE_MS, lockedBy.isEmpty.signal);
      for (const stream of streams.keys()) stream.cut();
    },
  };
}

function requireRoom(
  watching: readonly Caller[],
  { perProcess, perCaller }: StreamLimits,
  { name }: Caller,
  statusUrl: string,
): void {
  const options = { headers: { 'retry-after': '30' }, members: { statusUrl } };
  if (watching.length >= perProcess) {
    throw problem('streams-exhausted', 'Poll the job instead.', options);
  }
  const own = watching.filter((caller) => caller.name === name).length;
  if (own >= perCaller) {
    const detail = `At most ${perCaller} at once; poll the job, or close another.`;
    throw problem('too-many-streams', detail, options);
  }
}
