// The indexes of `sagas`. The partial unique one IS invariant I8: one open saga per key.

import type { IndexDeclaration } from '../../mongodb/index-declaration.ts';

export const SAGA_LOG_INDEXES: readonly IndexDeclaration[] = [
  {
    collection: 'sagas',
    name: 'one_open_saga_per_key',
    key: { key: 1 },
    unique: true,
    partialFilterExpression: { open: true },
  },
  { collection: 'sagas', name: 'by_key', key: { key: 1, open: -1, createdAt: -1 } },
  {
    collection: 'sagas',
    name: 'overdue',
    key: { relayAt: 1 },
    partialFilterExpression: { open: true },
  },
  // What is open is asked every few seconds, and most sagas have ended long ago.
  {
    collection: 'sagas',
    name: 'open_newest',
    key: { open: 1, createdAt: -1, _id: -1 },
    partialFilterExpression: { open: true },
  },
  { collection: 'sagas', name: 'by_subject', key: { subject: 1, createdAt: -1, _id: -1 } },
  // For the search of an operator, who knows the bot and not whose it is.
  {
    collection: 'sagas',
    name: 'by_instance',
    key: { 'input.instanceId': 1, createdAt: -1, _id: -1 },
    partialFilterExpression: { 'input.instanceId': { $exists: true } },
  },
  // For a repeat whose key is forgotten already.
  {
    collection: 'sagas',
    name: 'by_request',
    key: { 'input.requestName': 1, createdAt: -1, _id: -1 },
    partialFilterExpression: { 'input.requestName': { $exists: true } },
  },
  { collection: 'sagas', name: 'newest', key: { createdAt: -1, _id: -1 } },
  {
    collection: 'sagas',
    name: 'forget_after_retention',
    key: { expireAt: 1 },
    expireAfterSeconds: 0,
  },
];
