// The indexes of `sagas`. The partial unique one IS invariant I8: one open saga per key.

import type { Db } from 'mongodb';

/** An index that code relies on, declared beside that code. The set-up of a database creates it. */
export interface IndexDeclaration {
  readonly collection: string;
  readonly name: string;
  readonly key: Readonly<Record<string, 1 | -1>>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
  readonly partialFilterExpression?: Readonly<Record<string, unknown>>;
  readonly expireAfterSeconds?: number;
}

export const SAGA_LOG_INDEXES: readonly IndexDeclaration[] = [
  {
    collection: 'sagas',
    name: 'one_open_saga_per_key',
    key: { key: 1 },
    unique: true,
    partialFilterExpression: { open: true },
  },
  { collection: 'sagas', name: 'by_key', key: { key: 1, open: -1, createdAt: -1 } },
  // Every pass of the relay meets the sagas that sleep: `dueAt` leaves it their keys, where each would be a document.
  {
    collection: 'sagas',
    name: 'overdue',
    key: { relayAt: 1, dueAt: 1 },
    partialFilterExpression: { open: true },
  },
  // The open sagas are queried every few seconds, and most sagas have ended long ago.
  {
    collection: 'sagas',
    name: 'open_newest',
    key: { open: 1, createdAt: -1, _id: -1 },
    partialFilterExpression: { open: true },
  },
  { collection: 'sagas', name: 'unreleased', key: { releaseAt: 1 }, sparse: true },
  { collection: 'sagas', name: 'by_subject', key: { subject: 1, createdAt: -1, _id: -1 } },
  { collection: 'sagas', name: 'newest', key: { createdAt: -1, _id: -1 } },
  {
    collection: 'sagas',
    name: 'forget_after_retention',
    key: { expireAt: 1 },
    expireAfterSeconds: 0,
  },
];

/** An index for each field of an input that sagas are searched by (`SagaDefinition.searchBy`).
 * @throws RangeError for a name that is no plain field: it would become a path. */
export function searchIndexes(fields: readonly string[]): readonly IndexDeclaration[] {
  return [...new Set(fields)].map((field) => ({
    collection: 'sagas',
    name: `by_input_${field}`,
    key: { [inputField(field)]: 1, createdAt: -1, _id: -1 },
    partialFilterExpression: { [inputField(field)]: { $exists: true } },
  }));
}

/** For a database whose indexes no migration makes. Repeatable.
 * @param fields that sagas are searched by. */
export async function makeSagaIndexes(db: Db, fields: readonly string[]): Promise<void> {
  const declared = [...SAGA_LOG_INDEXES, ...searchIndexes(fields)];
  await db
    .collection('sagas')
    .createIndexes(
      declared.map(({ collection: _, key, ...index }) => ({ ...index, key: { ...key } })),
    );
}

export function inputField(field: string): string {
  if (!/^[A-Za-z]\w{0,63}$/.test(field)) throw new RangeError(`not a plain field: ${field}`);
  return `input.${field}`;
}
