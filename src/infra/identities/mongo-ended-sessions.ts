// The list of ended sessions in MongoDB, `_id` = the session's id. MongoDB forgets an entry by itself.

import { type IndexDeclaration, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';

/** Sessions that were signed out before they were over. A session is a signed cookie that every process can read by itself;
 * that it has ended is the one thing about it that has to be remembered, until the cookie would have ended anyway. */
export interface EndedSessions {
  /** Repeatable. All processes know it when this has resolved. @throws UnavailableError, RetryableError */
  end(sessionId: string, forgetAt: Date): Promise<void>;
  /**
   * Which of these have ended. @throws UnavailableError, RetryableError: then the answer is unknown, and no session is
   * accepted.
   */
  among(sessionIds: readonly string[]): Promise<ReadonlySet<string>>;
}

const COLLECTION = 'endedSessions';

export const ENDED_SESSION_INDEXES: readonly IndexDeclaration[] = [
  { collection: COLLECTION, name: 'forget', key: { forgetAt: 1 }, expireAfterSeconds: 0 },
];

interface EndedSession extends Document {
  readonly _id: string;
}

export function createMongoEndedSessions(db: Db): EndedSessions {
  const sessions = () => majorityCollection<EndedSession>(db, COLLECTION);
  return {
    async end(sessionId, forgetAt) {
      const update = { $max: { forgetAt } };
      await runRepeatable(() => sessions().updateOne({ _id: sessionId }, update, { upsert: true }));
    },
    async among(sessionIds) {
      const filter = { _id: { $in: [...sessionIds] } };
      const found = await runRepeatable(() =>
        sessions()
          .find(filter, { projection: { _id: 1 } })
          .toArray(),
      );
      return new Set(found.map(({ _id }) => _id));
    },
  };
}
