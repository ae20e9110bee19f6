// The interactive programs of one kind in the containers of one host, kept for a few seconds after their last
// command: a look or a deletion asks several times in a row, and starting one costs more than all its commands.
// Each is lent to one caller at a time, because a `stop` blocks supervisorctl for as long as the program takes. They run
// under `timeout`, so that what a frozen supervisord holds does not collect inside the user's container; their
// number per container is bounded, those that hang included, and none is lent that `timeout` could end
// within the command. An image without `timeout` gets the plain command.

import type Docker from 'dockerode';
import type { BotsCall } from '../../deletion/ports/bots.ts';
import { InDoubtError, UnavailableError } from '../../saga/errors.ts';
import type { Deadlines } from './deadlines.ts';
import type { Dialogue } from './dialogue.ts';
import type { HostCalls } from './host-calls.ts';
import { createSession, SESSION_ENDED, type Session } from './session.ts';

export interface Sessions<Answer> {
  /** One that no other caller has, for a command of up to `deadlineMs`; to be given back.
   * @throws SagaError when there is none to be had: nothing was sent. */
  readonly borrow: (
    containerId: string,
    deadlineMs: number,
    call: BotsCall,
  ) => Promise<BorrowedSession<Answer>>;
  /** Ends all of them. Idempotent; calls made later open new ones. */
  readonly close: () => void;
}

export interface BorrowedSession<Answer> {
  readonly session: Session<Answer>;
  /** Not used before: that it ended cannot be because it lay about. */
  readonly isFresh: boolean;
  readonly giveBack: () => void;
}

/** At most so many of one kind inside one container: a supervisorctl takes some 20 MB of its memory. */
const MAX_PER_CONTAINER = 4;
const KEEP_IDLE_MS = 5_000;
/** One that is busy with a single command is waited for about as long as starting another took, and at least so long. As
 * long as they change hands, none is started: many that start at once on a busy machine would all be too late. */
const PATIENCE_MS = 300;
/** What `timeout` gives one; at least twice the longest command, so that it can be used again at all. */
const MIN_LIFE_MS = 60_000;
const CREATE_MS = 5_000;

interface Place<Answer> {
  /** `ending`: it takes no line any more, but may still run inside the container. */
  state: 'opening' | 'busy' | 'idle' | 'ending';
  /** Null until its exec has started. */
  session: Session<Answer> | null;
  /** When `timeout` ends it, by `performance.now()`. */
  endsAt: number;
  idleTimer: NodeJS.Timeout | undefined;
  lifeTimer: NodeJS.Timeout | undefined;
}

interface Container<Answer> {
  readonly id: string;
  /** Those begun and not known to have ended. */
  readonly places: Set<Place<Answer>>;
  /** When one was last lent, by `performance.now()`. */
  lentAt: number;
  /** What the last start took. */
  startMs: number;
  /** Woken at every change: each looks again whether there is one for it. */
  readonly waiting: Set<() => void>;
}

export function createSessions<Answer>(
  host: HostCalls,
  dialogue: Dialogue<Answer>,
  { commandMs, programMs }: Pick<Deadlines, 'commandMs' | 'programMs'>,
  newToken: () => string,
): Sessions<Answer> {
  const lifeMs = Math.max(MIN_LIFE_MS, 2 * commandMs, 2 * programMs);
  type OwnContainer = Container<Answer>;
  type OwnPlace = Place<Answer>;
  const { program } = dialogue;
  const containers = new Map<string, OwnContainer>();

  function containerOf(id: string): OwnContainer {
    const fresh = { id, places: new Set<OwnPlace>(), waiting: new Set<() => void>() };
    const container = containers.get(id) ?? { ...fresh, lentAt: 0, startMs: 0 };
    containers.set(id, container);
    return container;
  }

  function changed(container: OwnContainer) {
    for (const wake of container.waiting) wake();
    if (container.places.size + container.waiting.size === 0) containers.delete(container.id);
  }

  function release(container: OwnContainer, place: OwnPlace) {
    clearTimeout(place.idleTimer);
    clearTimeout(place.lifeTimer);
    container.places.delete(place);
    changed(container);
  }

  async function open(container: OwnContainer, call: BotsCall): Promise<OwnPlace> {
    const argv = ['timeout', String(Math.ceil(lifeMs / 1_000)), ...dialogue.argv];
    try {
      return await openWith(container, argv, call);
    } catch (error) {
      if (!isWithoutTimeout(error)) throw error;
      return openWith(container, [...dialogue.argv], call);
    }
  }

  async function openWith(
    container: OwnContainer,
    argv: string[],
    call: BotsCall,
  ): Promise<OwnPlace> {
    const place: OwnPlace = {
      ...{ state: 'opening', session: null, endsAt: 0 },
      ...{ idleTimer: undefined, lifeTimer: undefined },
    };
    container.places.add(place);
    const what = `exec ${program}`;
    try {
      const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
      const create = (api: Docker, abortSignal: AbortSignal) =>
        api.getContainer(container.id).exec({ Cmd: argv, ...attached, abortSignal });
      const creation = { what, deadlineMs: CREATE_MS, isPrompt: true, send: create };
      const exec = await host.read(creation, call);
      const begin = async (_api: Docker, abortSignal: AbortSignal) => {
        place.endsAt = performance.now() + lifeMs;
        const stream = await exec.start({ hijack: true, stdin: true, abortSignal });
        const session = createSession(stream, dialogue, newToken, () => release(container, place));
        place.session = session;
        // Where `timeout` cannot end it, or its end is never heard of.
        place.lifeTimer = setTimeout(session.close, lifeMs + LATE_END_MS);
        // One that is late for its caller comes in time for the next.
        const begun = session.begin(new AbortController().signal);
        begun.then(
          () => abortSignal.aborted && keep(container, place, session),
          () => end(container, place, session),
        );
        await begun;
      };
      await host.read({ what, deadlineMs: commandMs, send: begin }, call);
      if (place.state !== 'opening')
        throw new UnavailableError('DOCKER_CLOSED', 'closed meanwhile');
      container.startMs = performance.now() + lifeMs - place.endsAt;
      place.state = 'busy';
      return place;
    } catch (error) {
      if (place.session === null) release(container, place);
      throw error;
    }
  }

  /** Idle, open, and with enough of its life left. */
  function takeIdle({ places }: OwnContainer, deadlineMs: number): OwnPlace | undefined {
    const lastsUntil = performance.now() + deadlineMs + LATE_END_MS;
    for (const place of places) {
      if (place.state !== 'idle') continue;
      clearTimeout(place.idleTimer);
      place.state = place.endsAt > lastsUntil && place.session?.isOpen() ? 'busy' : 'ending';
      if (place.state === 'busy') return place;
      place.session?.giveUp();
    }
    return undefined;
  }

  async function find(container: OwnContainer, deadlineMs: number, call: BotsCall) {
    const lateAt = performance.now() + deadlineMs;
    for (;;) {
      const idle = takeIdle(container, deadlineMs);
      if (idle !== undefined) return { place: idle, isFresh: false };
      const states = [...container.places].map(({ state }) => state);
      const hasRoom = states.length < MAX_PER_CONTAINER;
      const now = performance.now();
      const openAt = openAnotherAt(states, container);
      if (hasRoom && now >= openAt) return { place: await open(container, call), isFresh: true };
      if (now >= lateAt || call.signal.aborted) {
        const message = `no ${program} to be had in container ${container.id.slice(0, 12)}`;
        throw new UnavailableError('SESSION_BUSY', message);
      }
      const until = hasRoom ? Math.min(openAt, lateAt) : lateAt;
      await nextChange(container, until - now, call.signal);
    }
  }

  function end(container: OwnContainer, place: OwnPlace, session: Session<Answer>) {
    clearTimeout(place.idleTimer);
    place.state = 'ending';
    session.giveUp();
    changed(container);
  }

  function keep(container: OwnContainer, place: OwnPlace, session: Session<Answer>) {
    if (place.state === 'ending' || !session.isOpen()) return end(container, place, session);
    place.state = 'idle';
    place.idleTimer = setTimeout(() => end(container, place, session), KEEP_IDLE_MS);
    changed(container);
  }

  return {
    borrow: async (containerId, deadlineMs, call) => {
      const container = containerOf(containerId);
      try {
        const { place, isFresh } = await find(container, deadlineMs, call);
        const { session } = place;
        container.lentAt = performance.now();
        // Only one that has begun is ever found.
        if (session === null) throw new InDoubtError(SESSION_ENDED, `${program} never began`);
        return { session, isFresh, giveBack: () => keep(container, place, session) };
      } catch (error) {
        changed(container);
        throw error;
      }
    },
    close: () => {
      for (const { places } of [...containers.values()]) {
        for (const place of [...places]) {
          place.state = 'ending';
          place.session?.close();
        }
      }
    },
  };
}

/** One that is being started is waited for, one that is busy only for a while. */
function openAnotherAt(
  states: readonly Place<unknown>['state'][],
  { lentAt, startMs }: Pick<Container<unknown>, 'lentAt' | 'startMs'>,
): number {
  if (states.includes('opening')) return Number.POSITIVE_INFINITY;
  if (!states.includes('busy')) return Number.NEGATIVE_INFINITY;
  return lentAt + Math.max(PATIENCE_MS, startMs);
}

/** Beyond the life that `timeout` gives, for the news of the end to come. */
const LATE_END_MS = 1_000;

function isWithoutTimeout(error: unknown): boolean {
  return error instanceof Error && /"timeout": executable file not found/.test(error.message);
}

/** The next time that anything of the container's changes, or the time is over, or the signal aborts. */
async function nextChange(
  { waiting }: Pick<Container<unknown>, 'waiting'>,
  ms: number,
  signal: AbortSignal,
) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  const timer = setTimeout(wake, ms);
  waiting.add(wake);
  signal.addEventListener('abort', wake, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    waiting.delete(wake);
    signal.removeEventListener('abort', wake);
  }
}
