// The indexes of `sagas`. The partial unique one IS invariant I8: one open saga per key.

import type { mongo } from 'mongoose';

export const SAGA_LOG_INDEXES: readonly {
  readonly collection: string;
  readonly index: mongo.IndexDescription;
}[] = [
  {
    collection: 'sagas',
    index: {
      name: 'one_open_saga_per_key',
      key: { key: 1 },
      unique: true,
      partialFilterExpression: { open: true },
    },
  },
  { collection: 'sagas', index: { name: 'by_key', key: { key: 1, open: -1, createdAt: -1 } } },
  {
    collection: 'sagas',
    index: { name: 'overdue', key: { relayAt: 1 }, partialFilterExpression: { open: true } },
  },
  {
    collection: 'sagas',
    index: { name: 'by_subject', key: { subject: 1, createdAt: -1, _id: -1 } },
  },
  { collection: 'sagas', index: { name: 'newest', key: { createdAt: -1, _id: -1 } } },
  {
    collection: 'sagas',
    index: { name: 'forget_after_retention', key: { expireAt: 1 }, expireAfterSeconds: 0 },
  },
];
