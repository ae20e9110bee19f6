// The indexes of what reconciliation remembers.

import type { IndexDeclaration } from '@reclaim/saga/mongodb';
import { KNOWN_CONTAINER_INDEXES } from '../../bots/mongo-known-containers.ts';
import { ORPHAN_SAMPLES } from './orphan-samples.ts';

export const RECONCILIATION_INDEXES: readonly IndexDeclaration[] = [
  ...KNOWN_CONTAINER_INDEXES,
  {
    collection: ORPHAN_SAMPLES.collection,
    name: 'user_newest',
    key: { 'meta.userId': 1, at: -1 },
  },
  { collection: 'suspects', name: 'user_oldest', key: { userId: 1, firstObservedAt: 1 } },
  { collection: 'suspects', name: 'last_seen', key: { lastObservedAt: 1 } },
  // Only those that have ended: a deletion's own writes to its tombstone pay nothing for it before its end.
  {
    collection: 'tombstones',
    name: 'bot_ended',
    key: { instanceId: 1, endedAt: -1 },
    partialFilterExpression: { status: 'ended' },
  },
];
