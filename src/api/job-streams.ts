// All event streams of this process: who has one, how many there may be, and how each of them ends: with its
// job, with the identity or the session it was opened under, with its client, or with the server. One watch and one timer serve
// them all.

import { pause, type SagaRecord, type SagaWatch } from '@reclaim/saga';
import type { FastifyReply } from 'fastify';
import type { EndedSessions } from '../domain/ended-sessions.ts';
import type { Identity } from '../domain/identity-verifier.ts';
import { openEventStream } from './event-stream.ts';
import { end, type JobStream, resume, show, tend, type Viewing } from './job-stream.ts';
import { statusUrl } from './job-view.ts';
import { ProblemError } from './problem.ts';
import { audienceOf } from './told.ts';

export interface JobStreams {
  /** Takes the reply over: the job as it is, and then each of its changes, until it has ended.
   * @throws ProblemError `too-many-streams` or `streams-exhausted`, before anything is sent. */
  open(request: StreamRequest): void;
  count(): number;
  /** Ends all streams, now and later ones; resolves when they are gone. */
  close(): Promise<void>;
}

export interface StreamRequest {
  /** As just read, and seen to be visible to this identity. */
  readonly saga: SagaRecord;
  /** The last event that the client got, if it comes again. */
  readonly lastEventId: string | undefined;
  readonly identity: Identity;
  readonly reply: FastifyReply;
}

export interface JobStreamsOptions extends Viewing {
  readonly watch: SagaWatch;
  readonly endedSessions: Pick<EndedSessions, 'among'>;
  /** It could not be told which sessions have ended. */
  readonly onUnreadable: (err: unknown) => void;
  readonly random?: () => number;
  readonly limits?: Partial<StreamLimits> | undefined;
}

export interface StreamLimits {
  /** Each holds a socket and some tens of kilobytes. */
  readonly perProcess: number;
  readonly perUser: number;
  /** Proxies give up on a connection that is silent for a minute, some sooner. */
  readonly beatEveryMs: number;
}

const LIMITS: StreamLimits = { perProcess: 1_000, perUser: 20, beatEveryMs: 15_000 };
/** How late an expiry and a beat may be noticed. */
const TICK_MS = 1_000;
/** For clients that do not read, when the server closes. */
const LAST_GOODBYE_MS = 250;
/** Clients that were cut off together come back spread over as long again. */
const RETRY_MS = 1_000;

export function createJobStreams(options: JobStreamsOptions): JobStreams {
  const { watch, now, random = Math.random } = options;
  const limits = { ...LIMITS, ...options.limits };
  const streams = new Set<JobStream>();
  const closing = { isClosed: false, isEmpty: new AbortController() };
  let timer: NodeJS.Timeout | undefined;

  const tick = () => {
    for (const stream of streams) tend(stream, now().getTime(), limits.beatEveryMs);
    void endSignedOut();
  };

  // Another process may have signed them out: only the list knows. While it cannot be read, they end with their time.
  let isAsking = false;
  async function endSignedOut(): Promise<void> {
    const ids = new Set([...streams].flatMap(({ sessionId }) => sessionId ?? []));
    if (isAsking || ids.size === 0) return;
    isAsking = true;
    try {
      const ended = await options.endedSessions.among([...ids]);
      for (const stream of streams) if (ended.has(stream.sessionId ?? '')) end(stream);
    } catch (err) {
      options.onUnreadable(err);
    } finally {
      isAsking = false;
    }
  }

  function add(stream: JobStream): void {
    streams.add(stream);
    timer ??= setInterval(tick, Math.min(TICK_MS, limits.beatEveryMs));
  }

  function remove(stream: JobStream): void {
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    if (closing.isClosed) closing.isEmpty.abort();
  }

  return {
    open: ({ saga, lastEventId, identity, reply }) => {
      requireRoom(streams, limits, identity.firebaseUid, saga.id);
      const isGone = reply.raw.destroyed;
      const retryMs = RETRY_MS + Math.round(RETRY_MS * random());
      const stream = newStream(identity, openEventStream(reply, retryMs));
      if (isGone) return;
      add(stream);
      const unwatch = watch.watch(saga, {
        changed: (changed) => show(stream, changed, options),
        unreadable: () => stream.events.comment('the log cannot be read; trying again'),
      });
      reply.raw.once('close', () => {
        unwatch();
        remove(stream);
      });
      resume(stream, saga, lastEventId, options);
      show(stream, saga, options);
      if (closing.isClosed) end(stream);
    },
    count: () => streams.size,
    close: async () => {
      closing.isClosed = true;
      watch.close();
      for (const stream of streams) end(stream);
      if (streams.size > 0) await pause(LAST_GOODBYE_MS, closing.isEmpty.signal);
      for (const { events } of streams) events.cut();
    },
  };
}

function requireRoom(
  streams: ReadonlySet<JobStream>,
  { perProcess, perUser }: StreamLimits,
  uid: string,
  jobId: string,
): void {
  const options = { headers: { 'retry-after': '30' }, members: { statusUrl: statusUrl(jobId) } };
  if (streams.size >= perProcess) {
    throw new ProblemError('streams-exhausted', 'Poll the job instead.', options);
  }
  const own = [...streams].filter((stream) => stream.uid === uid).length;
  if (own >= perUser) {
    const detail = `At most ${perUser} at once; poll the job, or close another.`;
    throw new ProblemError('too-many-streams', detail, options);
  }
}

function newStream(identity: Identity, events: JobStream['events']): JobStream {
  return {
    uid: identity.firebaseUid,
    audience: audienceOf(identity),
    sessionId: identity.sessionId ?? null,
    expiresAtMs: identity.expiresAt.getTime(),
    events,
    shown: null,
    quietSinceMs: performance.now(),
    endedAtMs: null,
  };
}
