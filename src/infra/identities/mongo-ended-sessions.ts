// The list of ended sessions in MongoDB, `_id` = the session's id. MongoDB forgets an entry by itself.

import { type IndexDeclaration, runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { nativeCollection } from '../mongodb/native.ts';
import type { EndedSessions } from './ended-sessions.ts';

const COLLECTION = 'endedSessions';

export const ENDED_SESSION_INDEXES: readonly IndexDeclaration[] = [
  { collection: COLLECTION, name: 'forget', key: { forgetAt: 1 }, expireAfterSeconds: 0 },
];

interface EndedSession extends mongo.Document {
  readonly _id: string;
}

export function createMongoEndedSessions(connection: Connection): EndedSessions {
  const sessions = () => nativeCollection<EndedSession>(connection, COLLECTION);
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
