// Which queue a kind of saga runs on: deletions must not wait behind a long synchronisation.

const QUEUES: ReadonlyMap<string, QueueName> = new Map([
  ['delete-bot', 'deletion'],
  ['reclaim-orphan', 'deletion'],
  ['provision-bot', 'deletion'],
  ['sync-wallet', 'sync'],
  ['sync-all', 'sync'],
  ['restart-bot', 'health'],
]);

export type QueueName = 'deletion' | 'sync' | 'health';

/** Kinds nobody listed run with the deletions. */
export function queueFor(kind: string): QueueName {
  return QUEUES.get(kind) ?? 'deletion';
}
