// The list of ended sessions, with a short memory of its answers. Operators need their page most when MongoDB is away:
// a session that the list did not hold a minute ago is trusted while the list cannot be read. A session that was never
// checked is not, and one that this process ended is not either. Nothing moves money meanwhile: that takes MongoDB.

import { RetryableError } from '@reclaim/saga';
import type { EndedSessions } from '../infra/identities/mongo-ended-sessions.ts';

/** How long an answer stands in for the list. Longer: a session that ended elsewhere reads on for as long. */
const REMEMBER_MS = 60_000;
/** Each is some hundred bytes. The oldest answer is forgotten first. */
const SESSIONS_MAX = 10_000;

/** @param monotonicMs a clock that cannot be set. */
export function createRememberedEnds(
  list: EndedSessions,
  monotonicMs: () => number,
): EndedSessions {
  const openSinceMs = new Map<string, number>();
  /** An answer that was on its way when its session ended here is older than the end. */
  const endedHere = new Set<string>();

  function remember(sessionId: string, isOpen: boolean): void {
    openSinceMs.delete(sessionId);
    if (isOpen && !endedHere.has(sessionId)) openSinceMs.set(sessionId, monotonicMs());
    forgetOldest(openSinceMs);
  }

  function wasOpen(sessionId: string): boolean {
    const askedMs = openSinceMs.get(sessionId);
    return askedMs !== undefined && monotonicMs() - askedMs < REMEMBER_MS;
  }

  return {
    async end(sessionId, forgetAt) {
      endedHere.add(sessionId);
      forgetOldest(endedHere);
      remember(sessionId, false);
      await list.end(sessionId, forgetAt);
    },
    async among(sessionIds) {
      try {
        const ended = await list.among(sessionIds);
        for (const id of sessionIds) remember(id, !ended.has(id));
        return ended;
      } catch (error) {
        if (error instanceof RetryableError && sessionIds.every(wasOpen)) return new Set();
        throw error;
      }
    },
  };
}

function forgetOldest(sessions: Set<string> | Map<string, number>): void {
  const [oldest] = sessions.keys();
  if (sessions.size > SESSIONS_MAX && oldest !== undefined) sessions.delete(oldest);
}
