// What an audit reads of users: one document, one moment, and of its rows only the requested ones, cut out by
// the server. A user with 80,000 rows costs the reading of the document, not its transfer.

import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import { type Db, type Document, ObjectId } from 'mongodb';
import { parseFirebaseUid, toUserId, type UserId } from '../../domain/ids.ts';
import type {
  LedgerState,
  OursCursor,
  OursPage,
  RowBoundary,
  WalletReading,
} from '../audit/wallet-readings.ts';
import { describeFound } from './receipts.ts';
import { type Expression, ROWS, SETTLED } from './wallet-expressions.ts';
import { decimalOf, exactOf, parseReceipt, parseWalletRow, ROW_FIELDS } from './wallet-rows.ts';

const TRIMMED = { $ifNull: ['$ledgerState.trimmed.rows', 0] };

export type WalletReadings = ReturnType<typeof createMongoWalletReadings>;

export function createMongoWalletReadings(db: Db) {
  const users = () => majorityCollection<Document>(db, 'users');
  return {
    /** The user as they stand, with at most `limit` rows from the boundary on, or from the start of the list,
     * and the one before them, which shows whether the boundary is still where it was. Null: no such user. */
    async read(
      userId: UserId,
      {
        from,
        limit,
        receiptsAfter,
      }: {
        readonly from: RowBoundary | 'start';
        readonly limit: number;
        /** Only receipts of a higher sequence number. */
        readonly receiptsAfter: number;
      },
    ): Promise<WalletReading | null> {
      const projection = readingProjection(from, limit, receiptsAfter);
      const user = await runRepeatable(() =>
        users().findOne({ _id: new ObjectId(userId) }, { projection }),
      );
      return user === null ? null : parseReading(userId, user, limit);
    },

    /** Which of these operations the user's document holds, as a row or as a receipt. */
    async heldAmong(userId: UserId, opIds: readonly string[]): Promise<ReadonlySet<string>> {
      const held = { $concatArrays: [opIdsIn(ROWS), opIdsIn(SETTLED)] };
      const projection = { held: { $setIntersection: [held, { $literal: opIds }] } };
      const user = await runRepeatable(() =>
        users().findOne({ _id: new ObjectId(userId) }, { projection }),
      );
      return new Set(user?.held);
    },

    /** The users that this program has ever written on, page by page, each once. */
    async ours({
      after,
      limit,
    }: {
      readonly after: OursCursor | null;
      readonly limit: number;
    }): Promise<OursPage> {
      const found = await runRepeatable(() =>
        users()
          .find(oursFilter(after), { projection: { 'ledgerState.openedAt': 1 } })
          .sort({ 'ledgerState.openedAt': 1, _id: 1 })
          .limit(limit)
          .toArray(),
      );
      return parseOurs(found, limit);
    },

    /** Those of these users that `ours` does not name. */
    async unopenedAmong(userIds: readonly UserId[]): Promise<readonly UserId[]> {
      const unopened = {
        _id: { $in: userIds.map((userId) => new ObjectId(userId)) },
        'ledgerState.openedAt': { $not: { $type: 'date' } },
      };
      const found = await runRepeatable(() =>
        users()
          .find(unopened, { projection: { _id: 1 } })
          .toArray(),
      );
      return found.map(({ _id }) => toUserId(String(_id)));
    },
  };
}

function readingProjection(
  from: RowBoundary | 'start',
  limit: number,
  receiptsAfter: number,
): Document {
  const boundary = from === 'start' ? 0 : { $subtract: [from.index + from.trimmed, TRIMMED] };
  const first = { $max: [0, { $subtract: [boundary, 1] }] };
  return {
    firebaseUid: 1,
    readAt: '$$NOW',
    balance: '$paperWallet.balance',
    exact: decimalOf('$paperWallet.balance'),
    opening: '$ledgerState.opening',
    openedAt: '$ledgerState.openedAt',
    openingRows: '$ledgerState.openingRows',
    seq: '$ledgerState.seq',
    trimmed: '$ledgerState.trimmed',
    rowCount: { $size: ROWS },
    boundary: { $add: [boundary, 0] },
    first,
    rows: mapRows({ $slice: [ROWS, first, limit + 1] }),
    receipts: mapRows({
      $filter: { input: SETTLED, as: 'row', cond: { $gt: ['$$row.seq', receiptsAfter] } },
    }),
  };
}

const opIdsIn = (input: Expression): Expression => ({
  $map: { input, as: 'row', in: '$$row.opId' },
});

function mapRows(input: Expression): Expression {
  return { $map: { input, as: 'row', in: ROW_FIELDS } };
}

function parseReading(userId: UserId, user: Document, limit: number): WalletReading {
  const boundaryIndex = Number(user.boundary);
  const rows: Document[] = user.rows;
  const hasRowBefore = boundaryIndex > Number(user.first);
  const [before, ...behind] = hasRowBefore ? rows : [undefined, ...rows];
  return {
    userId,
    firebaseUid: parseFirebaseUid(user.firebaseUid) ?? null,
    readAtMs: user.readAt.getTime(),
    balance: exactOf(user.exact),
    balanceFound: describeFound(user.balance),
    ledgerState: parseLedgerState(user),
    rowCount: user.rowCount,
    boundaryIndex,
    rowBefore: before === undefined ? null : parseWalletRow(before),
    rows: behind.slice(0, limit).flatMap((row) => (row === undefined ? [] : [parseWalletRow(row)])),
    receipts: user.receipts.flatMap(parseReceipt),
  };
}

function parseLedgerState({
  opening,
  openedAt,
  openingRows,
  seq,
  trimmed,
}: Document): LedgerState | null {
  const balance = exactOf(opening);
  if (balance === null) return null;
  return {
    opening: balance,
    openedAtMs: openedAt instanceof Date ? openedAt.getTime() : null,
    openingRows: wholeOf(openingRows),
    seq: wholeOf(seq),
    trimmed: { rows: wholeOf(trimmed?.rows), moved: exactOf(trimmed?.moved) ?? 0n },
  };
}

function wholeOf(value: unknown): number {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

function oursFilter(after: OursCursor | null): Document {
  const opened = { 'ledgerState.openedAt': { $type: 'date' }, _id: { $type: 'objectId' } };
  if (after === null) return opened;
  const { openedAt, userId } = after;
  return {
    ...opened,
    $or: [
      { 'ledgerState.openedAt': { $gt: openedAt } },
      { 'ledgerState.openedAt': openedAt, _id: { $gt: new ObjectId(userId) } },
    ],
  };
}

function parseOurs(found: readonly Document[], limit: number): OursPage {
  const last = found.at(-1);
  const hasMore = found.length === limit && last !== undefined;
  return {
    userIds: found.map(({ _id }) => toUserId(String(_id))),
    next: hasMore
      ? { openedAt: last.ledgerState.openedAt, userId: toUserId(String(last._id)) }
      : null,
  };
}
