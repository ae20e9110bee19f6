// The indexes of what health remembers.

import type { IndexDeclaration } from '@reclaim/saga/mongodb';

export const HEALTH_INDEXES: readonly IndexDeclaration[] = [
  { collection: 'botHealth', name: 'by_user', key: { userId: 1, instanceId: 1 } },
  {
    collection: 'botEvents',
    name: 'bot_newest',
    key: { userId: 1, instanceId: 1, at: -1, _id: -1 },
  },
  {
    collection: 'botEvents',
    name: 'forget_after_30_days',
    key: { at: 1 },
    expireAfterSeconds: 30 * 86_400,
  },
];
