// The engine on MongoDB, and what a step that writes to MongoDB itself needs: what a failure means, what became of a write
// whose answer was lost, and the writing of many in one command.

export { createMongoLeaderLeases } from '../log/mongodb/mongo-leader-leases.ts';
export type { IndexDeclaration } from '../log/mongodb/saga-log-indexes.ts';
export { SAGA_LOG_INDEXES, searchIndexes } from '../log/mongodb/saga-log-indexes.ts';
export { type DatabaseClock, startDatabaseClock } from './database-clock.ts';
export { readElectionTimeoutMs } from './election-timeout.ts';
export { createGroupCommit } from './group-commit.ts';
export { isOver } from './holds.ts';
export { insertNew } from './insert-new.ts';
export { majorityCollection } from './majority-collection.ts';
export {
  isAway,
  isOnlyDuplicates,
  messageOf,
  repeatableFailure,
  runRepeatable,
  runUpsert,
  unlessDuplicate,
} from './mongo-errors.ts';
export { inDoubt, rejectUnlessAnswered } from './write-answers.ts';
export {
  isApplied,
  type ReadOptions,
  type WriteOutcome,
  type WrittenAndRead,
  writeThenRead,
} from './write-then-read.ts';
