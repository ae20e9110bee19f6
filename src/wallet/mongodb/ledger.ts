// The ledger in MongoDB: one document per operation, unique by opId, never changed (I2, I11). Entries of
// sagas that wait together are posted as one bulk of upserts which leave an existing entry as it is;
// what existed before, and everything after a lost reply, is read back and compared.

import { RetryableError, TerminalError } from '@reclaim/saga';
import {
  createGroupCommit,
  inDoubt,
  majorityCollection,
  type ReadOptions,
  rejectUnlessAnswered,
  runRepeatable,
  type WriteOutcome,
  writeThenRead,
} from '@reclaim/saga/mongodb';
import type { Collection, Db, Filter } from 'mongodb';
import type { UserId } from '../../domain/ids.ts';
import type { Ledger, LedgerEntry, LedgerPage } from '../ledger.ts';
import {
  type LedgerCursor,
  mergeUnposted,
  olderThan,
  parseCursor,
  printCursor,
} from './ledger-cursor.ts';
import {
  disagreement,
  findInLedger,
  type LedgerDocument,
  type NewEntry,
  postEntry,
  reservationEntry,
  restorationEntry,
  settlementEntry,
  toLedgerEntry,
  writeOffEntry,
} from './ledger-documents.ts';

export interface MongoLedgerDependencies {
  /** Of an open client, which the caller closes. */
  readonly db: Db;
}

const LEDGER = 'ledger';
const MAX_BATCH = 200;
/** A page of the transactions view; the cursor leads to the next page. */
const MAX_PAGE = 200;
/** Without our note of a payment that the platform made: its own row is shown. */
const IS_SHOWN: Filter<LedgerDocument> = {
  $nor: [{ source: 'platform', standing: 'informational', sagaId: { $type: 'string' } }],
};

export function createMongoLedger({ db }: MongoLedgerDependencies): Ledger {
  const post = createGroupCommit<NewEntry, Posting>({
    maxBatch: MAX_BATCH,
    flush: (entries) => flush(db, entries),
  });
  return {
    post: async (entry) => verdict(await post(settlementEntry(entry))),
    postReservation: async (entry) => verdict(await post(reservationEntry(entry))),
    postRestoration: async (entry) => verdict(await post(restorationEntry(entry))),
    writeOff: async (entry) => verdict(await post(writeOffEntry(entry))),

    async find(opId) {
      const found = await findInLedger(db, { _id: opId });
      return found === null ? null : toLedgerEntry(found);
    },

    page: async (userId, { limit, cursor, unposted = [] }) => {
      const after = cursor === undefined ? undefined : parseCursor(cursor);
      const size = Math.min(Math.max(1, Math.trunc(limit)), MAX_PAGE);
      const posted = await runRepeatable(() => readAfter(db, userId, size + 1, after));
      return pageOf(mergeUnposted(posted, unposted, after), size);
    },
  };
}

/** What is known of one entry after its flush. */
interface Posting {
  readonly entry: NewEntry;
  readonly outcome: WriteOutcome;
  /** What the ledger holds under the opId; 'unread' where it was not or could not be read back. */
  readonly found: LedgerDocument | 'unread' | undefined;
}

function verdict({ entry, outcome, found }: Posting): 'posted' | 'exists' {
  if (isPosted(outcome)) return 'posted';
  if (found === 'unread') throw inDoubt('the ledger', 'it could not be read back');
  if (found === undefined) {
    rejectUnlessAnswered(outcome, 'the ledger');
    throw new RetryableError('LEDGER_NOT_POSTED', `the ledger took no entry ${entry.opId}`);
  }
  const field = disagreement(entry, found);
  if (field === null) return 'exists';
  throw new TerminalError(
    'LEDGER_DISAGREES',
    `the ledger's entry ${entry.opId} has another ${field}`,
    {
      context: {
        opId: entry.opId,
        field,
        given: String(entry.facts[field]),
        found: String(found[field]),
      },
    },
  );
}

async function flush(db: Db, entries: readonly NewEntry[]): Promise<Posting[]> {
  const { outcomes, reading } = await writeThenRead<LedgerDocument, Existing>({
    db,
    collection: LEDGER,
    writes: entries.map((entry) => ({ updateOne: postEntry(entry) })),
    read: (ledger, options, known) =>
      readBack(
        ledger,
        options,
        entries.filter((_, index) => !isPosted(known[index])),
      ),
  });
  return entries.map((entry, index) => ({
    entry,
    outcome: outcomes[index] ?? { status: 'unknown', error: new Error('no outcome') },
    found: reading.status === 'ok' ? reading.value.get(entry.opId) : 'unread',
  }));
}

function isPosted(outcome: WriteOutcome | undefined): boolean {
  return outcome?.status === 'acknowledged' && outcome.isUpsert;
}

type Existing = ReadonlyMap<string, LedgerDocument>;

/** Only what was not plainly inserted: on the hot path that is nothing, and costs nothing. */
async function readBack(
  ledger: Collection<LedgerDocument>,
  options: ReadOptions,
  entries: readonly NewEntry[],
): Promise<Existing> {
  if (entries.length === 0) return new Map();
  const opIds = entries.map(({ opId }) => opId);
  const documents = await ledger.find({ _id: { $in: opIds } }, options).toArray();
  return new Map(documents.map((document) => [document.opId, document]));
}

async function readAfter(
  db: Db,
  userId: UserId,
  limit: number,
  after: LedgerCursor | undefined,
): Promise<readonly LedgerEntry[]> {
  const documents = await majorityCollection<LedgerDocument>(db, LEDGER)
    .find({ userId, ...IS_SHOWN, ...olderThan(after) })
    .sort({ at: -1, _id: -1 })
    .limit(limit)
    .toArray();
  return documents.map(toLedgerEntry);
}

function pageOf(entries: readonly LedgerEntry[], size: number): LedgerPage {
  const last = entries[size - 1];
  const hasMore = entries.length > size && last !== undefined;
  return {
    entries: entries.slice(0, size),
    nextCursor: hasMore ? printCursor({ at: new Date(last.at), id: last.opId }) : null,
  };
}
