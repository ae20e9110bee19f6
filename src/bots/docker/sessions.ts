// The interactive programs of one kind in the containers of one host, kept for a few seconds after their last
// command: an observation or a deletion asks several times in a row, and starting one costs more than all its commands.
// Each is lent to one caller at a time, because a `stop` blocks supervisorctl for as long as the program takes. Their
// number per container is bounded, those that hang included, and none is lent that `timeout` could end within the
// command.

import { InDoubtError, UnavailableError } from '@reclaim/saga';
import { extraSeconds } from '../../domain/bot.ts';
import type { BotsCall } from '../bots.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import { type Dialogue, SESSION_ENDED, type Session } from './session.ts';
import { type Container, createPlaces, nextChange, type Place } from './session-slots.ts';
import { createSessionStart, LATE_END_MS } from './start-session.ts';

export type Sessions<Answer> = ReturnType<typeof createSessions<Answer>>;

export interface BorrowedSession<Answer> {
  readonly session: Session<Answer>;
  /** Not used before: that it ended cannot be because it lay about. */
  readonly isFresh: boolean;
  readonly giveBack: () => void;
}

type SessionDeadlines = Pick<Deadlines, 'commandMs' | 'programMs' | 'maxStopSeconds'>;

/** At most so many of one kind inside one container: a supervisorctl takes some 20 MB of its memory. */
const MAX_PER_CONTAINER = 4;
const KEEP_IDLE_MS = 5_000;
/** One that is busy with a single command is waited for about as long as starting another took, and at least so long. As
 * long as they change hands, none is started: many that start at once on a busy machine would all be too late. */
const PATIENCE_MS = 300;
/** What `timeout` gives one; at least twice the longest command, so that it can be used again at all. */
const MIN_LIFE_MS = 60_000;

export function createSessions<Answer>(
  host: HostCalls,
  dialogue: Dialogue<Answer>,
  { commandMs, programMs, maxStopSeconds }: SessionDeadlines,
  newToken: () => string,
) {
  const longestStopMs = programMs + 1_000 * extraSeconds(maxStopSeconds, maxStopSeconds);
  const lifeMs = Math.max(MIN_LIFE_MS, 2 * commandMs, 2 * programMs, longestStopMs + LATE_END_MS);
  const { program } = dialogue;
  const places = createPlaces<Answer>();
  const start = createSessionStart({
    ...{ host, dialogue, newToken, commandMs, lifeMs, places },
    onLate: keep,
    onFailed: end,
  });

  /** Idle, open, and with enough of its life left. */
  function takeIdle(container: Container<Answer>, deadlineMs: number): Place<Answer> | undefined {
    const lastsUntil = performance.now() + deadlineMs + LATE_END_MS;
    for (const place of container.places) {
      if (place.state !== 'idle') continue;
      clearTimeout(place.idleTimer);
      place.state = place.endsAt > lastsUntil && place.session?.isOpen() ? 'busy' : 'ending';
      if (place.state === 'busy') return place;
      place.session?.giveUp();
    }
    return undefined;
  }

  async function find(container: Container<Answer>, deadlineMs: number, call: BotsCall) {
    const lateAt = performance.now() + deadlineMs;
    for (;;) {
      const idle = takeIdle(container, deadlineMs);
      if (idle !== undefined) return { place: idle, isFresh: false };
      const states = [...container.places].map(({ state }) => state);
      const hasRoom = states.length < MAX_PER_CONTAINER;
      const now = performance.now();
      const openAt = openAnotherAt(states, container);
      if (hasRoom && now >= openAt) return { place: await start(container, call), isFresh: true };
      if (now >= lateAt || call.signal.aborted) {
        const message = `no ${program} to be had in container ${container.id.slice(0, 12)}`;
        throw new UnavailableError('SESSION_BUSY', message);
      }
      const until = hasRoom ? Math.min(openAt, lateAt) : lateAt;
      await nextChange(container, until - now, call.signal);
    }
  }

  function end(container: Container<Answer>, place: Place<Answer>, session: Session<Answer>) {
    clearTimeout(place.idleTimer);
    place.state = 'ending';
    session.giveUp();
    places.changed(container);
  }

  function keep(container: Container<Answer>, place: Place<Answer>, session: Session<Answer>) {
    if (place.state === 'ending' || !session.isOpen()) return end(container, place, session);
    place.state = 'idle';
    place.idleTimer = setTimeout(() => end(container, place, session), KEEP_IDLE_MS);
    places.changed(container);
  }

  return {
    /** One that no other caller has, for a command of up to `deadlineMs`; to be given back.
     * @throws SagaError when there is none to be had: nothing was sent. */
    borrow: async (
      containerId: string,
      deadlineMs: number,
      call: BotsCall,
    ): Promise<BorrowedSession<Answer>> => {
      const container = places.containerOf(containerId);
      try {
        const idle = takeIdle(container, deadlineMs);
        const { place, isFresh } =
          idle === undefined
            ? await find(container, deadlineMs, call)
            : { place: idle, isFresh: false };
        const { session } = place;
        container.lentAt = performance.now();
        // Only one that has begun is ever found.
        if (session === null) throw new InDoubtError(SESSION_ENDED, `${program} never began`);
        return { session, isFresh, giveBack: () => keep(container, place, session) };
      } catch (error) {
        places.changed(container);
        throw error;
      }
    },
    /** Ends all of them. Idempotent; calls made later open new ones. */
    close: (): void => {
      for (const place of places.all()) {
        place.state = 'ending';
        place.session?.close();
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
