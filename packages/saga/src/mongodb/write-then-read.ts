// One unordered bulk of conditional writes, then one read of the stored state: the round trip under
// every group commit of money. I2, I5: a lost answer is never guessed. What the bulk's reply reports of a
// write is only a hint; the read decides, and where it cannot, the write counts as in doubt.

import {
  type AnyBulkWriteOperation,
  type ClientSession,
  type Collection,
  type Db,
  type Document,
  type FindOneAndUpdateOptions,
  type FindOptions,
  MongoBulkWriteError,
  MongoError,
  MongoOperationTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  type UpdateOneModel,
  type WithId,
} from 'mongodb';
import type { SagaError } from '../errors.ts';
import { inTime } from './in-time.ts';
import { majorityCollection } from './majority-collection.ts';
import { cannotHold, isAway, isContent, repeatableFailure, unreachable } from './mongo-errors.ts';

/** What is known of one write before anything was read back. */
export type WriteOutcome =
  /** A majority has it, or its condition did not hold: the read shows which. */
  | {
      readonly status: 'acknowledged';
      readonly isUpsert: boolean;
      /** It has certainly inserted, changed or deleted something; false: the read shows it. */
      readonly isApplied: boolean;
    }
  /** The server refused this one write and did not apply it. */
  | { readonly status: 'refused'; readonly code: number; readonly error: unknown }
  /** It may have happened, may still happen, or never. */
  | { readonly status: 'unknown'; readonly error: unknown };

/** The conditions are in the writes: one that changed something was allowed to. */
export function isApplied(outcome: WriteOutcome | null | undefined): boolean {
  return outcome?.status === 'acknowledged' && outcome.isApplied;
}

export interface WriteThenRead<T extends Document, Reading> {
  readonly db: Db;
  readonly collection: string;
  readonly writes: readonly AnyBulkWriteOperation<T>[];
  /** Default: a majority. `primary` where a majority write of the same caller follows, or where a loss is
   * noticed and corrected by a caller that reads it. */
  readonly durability?: 'majority' | 'primary';
  /** Reads what all of them must know, with the options given (they carry the session). */
  readonly read: (
    collection: Collection<T>,
    options: ReadOptions,
    outcomes: readonly WriteOutcome[],
  ) => Promise<Reading>;
  /** For one update that must be read back: applied and read in one command. */
  readonly returning?: {
    readonly projection: Document;
    /** Undefined: it does not show all that must be known, and `read` does. */
    readonly toReading: (document: WithId<T>) => Reading | undefined;
  };
}

export type ReadOptions = Pick<FindOptions, 'session'>;

export interface WrittenAndRead<Reading> {
  readonly outcomes: readonly WriteOutcome[];
  readonly reading:
    | { readonly status: 'ok'; readonly value: Reading }
    | { readonly status: 'failed'; readonly error: SagaError };
}

/** @throws UnavailableError `MONGODB_UNREACHABLE` when nothing was ever sent; HoldError `MONGODB_CANNOT_HOLD` when the
 * command has no form that MongoDB reads: nothing of it has happened. */
export async function writeThenRead<T extends Document, Reading>({
  db,
  collection: name,
  writes,
  durability = 'majority',
  read,
  returning,
}: WriteThenRead<T, Reading>): Promise<WrittenAndRead<Reading>> {
  const collection = majorityCollection<T>(db, name);
  // The session makes the read causally later than the write, whichever connection carries it.
  const session = db.client.startSession({ causalConsistency: true });
  try {
    const sent = { session, writes, durability };
    const { outcomes, document } =
      writes.length === 0 ? { outcomes: [] } : await write(collection, sent, returning?.projection);
    const returned = document === undefined ? undefined : returning?.toReading(document);
    if (returned !== undefined) return { outcomes, reading: { status: 'ok', value: returned } };
    const options: ReadOptions = { session };
    try {
      return {
        outcomes,
        reading: { status: 'ok', value: await inTime(read(collection, options, outcomes)) },
      };
    } catch (error) {
      return { outcomes, reading: { status: 'failed', error: repeatableFailure(error) } };
    }
  } finally {
    await session.endSession();
  }
}

interface Sent<T extends Document> extends Required<Pick<WriteThenRead<T, unknown>, 'durability'>> {
  readonly session: ClientSession;
  readonly writes: readonly AnyBulkWriteOperation<T>[];
}

/** @returns the document besides where it was asked for, and an update was applied. */
async function write<T extends Document>(
  collection: Collection<T>,
  { session, writes, durability }: Sent<T>,
  projection: Document | undefined,
): Promise<{ readonly outcomes: WriteOutcome[]; readonly document?: WithId<T> }> {
  const sentBefore = session.serverSession.txnNumber;
  const w = durability === 'majority' ? 'majority' : 1;
  const options = { session, writeConcern: { w } } as const;
  const [first] = writes;
  try {
    if (projection !== undefined && first !== undefined && 'updateOne' in first) {
      const returned = { ...options, projection, returnDocument: 'after' } as const;
      const document = await updateAndReturn(collection, first.updateOne, returned);
      if (document === null) return { outcomes: [acknowledged({}, 0, false)] };
      if (document !== 'refused') return { outcomes: [acknowledged({}, 0, true)], document };
    }
    const result = await inTime(collection.bulkWrite(writes, { ...options, ordered: false }));
    const { upsertedCount, modifiedCount, deletedCount } = result;
    // The counts prove it for all or for none.
    const isApplied = upsertedCount + modifiedCount + deletedCount === writes.length;
    return {
      outcomes: writes.map((_, index) => acknowledged(result.upsertedIds, index, isApplied)),
    };
  } catch (error) {
    const reason = unwrap(error);
    // What cannot even be sent, or read at the other end, has happened to none of them.
    if (isContent(reason) && !hasWriteErrors(error)) throw cannotHold(reason);
    if (wasNeverSent(reason, session.serverSession.txnNumber !== sentBefore)) {
      throw unreachable(reason);
    }
    return { outcomes: outcomesOf(error, reason, writes.length) };
  }
}

/** @returns null where the condition did not hold. `refused`: the server answered with an error, which a bulk tells item by
 * item. */
async function updateAndReturn<T extends Document>(
  collection: Collection<T>,
  { filter, update }: UpdateOneModel<T>,
  options: FindOneAndUpdateOptions,
): Promise<WithId<T> | null | 'refused'> {
  try {
    return await inTime(collection.findOneAndUpdate(filter, update, options));
  } catch (error) {
    if (error instanceof MongoServerError && !isAway(error)) return 'refused';
    throw error;
  }
}

function hasWriteErrors(error: unknown): boolean {
  return error instanceof MongoBulkWriteError && [error.writeErrors].flat().length > 0;
}

/** The driver wraps every error that ends a bulk, a lost connection too, into its error for bulks. */
function unwrap(error: unknown): unknown {
  const inner = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  const reason: unknown = inner instanceof MongoError ? inner : error;
  return reason instanceof MongoOperationTimeoutError && reason.cause !== undefined
    ? reason.cause
    : reason;
}

/** The driver numbers a retryable write when it has a server to send it to, not before. A server
 * selection error alone proves nothing: it is also what the driver throws when the retry of a write
 * that was sent finds no server. */
function wasNeverSent(reason: unknown, wasNumbered: boolean): boolean {
  return !wasNumbered && reason instanceof MongoServerSelectionError;
}

function outcomesOf(error: unknown, reason: unknown, count: number): WriteOutcome[] {
  const outcomes: WriteOutcome[] = [];
  const bulk = error instanceof MongoBulkWriteError ? error : undefined;
  const writeErrors = bulk === undefined ? [] : [bulk.writeErrors].flat();
  // With write errors and nothing else the reply itself arrived: the other writes were carried out.
  const hasReply = writeErrors.length > 0 && bulk?.result.getWriteConcernError() === undefined;
  for (let index = 0; index < count; index += 1) {
    outcomes.push(
      hasReply
        ? acknowledged(bulk?.upsertedIds ?? {}, index, false)
        : { status: 'unknown', error: reason },
    );
  }
  for (const refused of writeErrors) {
    // The driver's own error carries the whole command with it, which no log should.
    const cause = new Error(refused.errmsg ?? 'no reason given');
    outcomes[refused.index] = { status: 'refused', code: refused.code, error: cause };
  }
  return outcomes;
}

function acknowledged(
  upsertedIds: Record<number, unknown>,
  index: number,
  isApplied: boolean,
): WriteOutcome {
  const isUpsert = Object.hasOwn(upsertedIds, index);
  return { status: 'acknowledged', isUpsert, isApplied: isApplied || isUpsert };
}
