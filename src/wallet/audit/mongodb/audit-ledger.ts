// The ledger as an audit needs it: the platform's rows go in, each once, under names that follow from them, so that a
// second insert finds the first (I2), and what this program posted comes out by the user's own sequence (I11). Nothing
// here changes an entry.

import { insertNew, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Filter } from 'mongodb';
import { type Exact, exactFromMinor, parseExact } from '../../../domain/exact-decimal.ts';
import type { FirebaseUid, UserId } from '../../../domain/ids.ts';
import { chunksOf } from '../../../domain/map-bounded.ts';
import type { LedgerDocument } from '../../mongodb/ledger-documents.ts';
import { type PlatformDocument, platformDocument } from '../../mongodb/platform-documents.ts';
import type { WriteOff, WriteOffs } from '../audit-report.ts';
import type { SeqRange } from '../own-movements.ts';
import { PAYMENT } from '../undone-receipts.ts';
import type { OwnMovement, WalletRow } from '../wallet-readings.ts';

/** Incarnations of one query: what is older was judged when it was new. */
const MAX_BOT_ENTRIES = 1_000;

export interface BotEntry {
  readonly type: 'allocate' | 'deallocate';
  readonly opId: string;
  readonly botId: string;
  readonly incarnationId: string | null;
  readonly atMs: number;
}

/** What a row of the platform means for the balance. `before-opening`: it was there before our first write
 * and is not summed; `informational`: a profit or loss that moved no balance; `not-money`: its amount is
 * no number. */
export type Standing = 'counted' | 'informational' | 'before-opening' | 'not-money';

export interface PlatformPosting {
  readonly opId: string;
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
  readonly row: WalletRow;
  readonly standing: Standing;
  /** What it moved the balance by; 0 unless it counts. */
  readonly moved: Exact;
  /** The how-manieth row of the platform it is, from 0. */
  readonly position: number;
  /** Database time of the reading, ms: stands for the date of a row without one. */
  readonly readAtMs: number;
}

/** Names of one question, entries of one insert. */
const CHUNK = 1_000;
const IS_SETTLEMENT = /^settle\./;
const OURS = { source: 'reclaim', type: { $ne: 'write-off' } };

export type AuditLedger = ReturnType<typeof createMongoAuditLedger>;

export function createMongoAuditLedger(db: Db) {
  const ledger = () => majorityCollection<LedgerDocument>(db, 'ledger');
  const findOwn = async (filter: Filter<LedgerDocument>) => {
    const entries = await runRepeatable(() =>
      ledger().find(filter).sort({ postedAt: -1, _id: 1 }).toArray(),
    );
    return entries.map(toMovement);
  };
  return {
    /** Posts rows of the platform. One that exists stays as it is. @returns how many were new. */
    async post(postings: readonly PlatformPosting[]): Promise<number> {
      let posted = 0;
      for (const chunk of chunksOf(postings, CHUNK)) {
        const entries = majorityCollection<PlatformDocument>(db, 'ledger');
        posted += await insertNew(entries, chunk.map(platformDocument));
      }
      return posted;
    },

    /** Which of these operations were posted from one of the first `before` rows. */
    async known(opIds: readonly string[], before: number): Promise<ReadonlySet<string>> {
      const known = new Set<string>();
      if (before === 0) return known;
      for (const chunk of chunksOf(opIds, CHUNK)) {
        const filter = { _id: { $in: [...chunk] }, position: { $lt: before } };
        const found = await runRepeatable(() =>
          ledger()
            .find(filter, { projection: { _id: 1 } })
            .toArray(),
        );
        for (const { _id } of found) known.add(_id);
      }
      return known;
    },

    /** How many rows with these contents and without an `_id` were posted from the first `before` rows. */
    async countEqual(
      userId: UserId,
      contentHashes: readonly string[],
      before: number,
    ): Promise<ReadonlyMap<string, number>> {
      const counts = new Map<string, number>();
      for (const chunk of chunksOf(contentHashes, CHUNK)) {
        const match = { userId, contentHash: { $in: [...chunk] }, position: { $lt: before } };
        const groups = await runRepeatable(() =>
          ledger()
            .aggregate([{ $match: match }, { $group: { _id: '$contentHash', count: { $sum: 1 } } }])
            .toArray(),
        );
        for (const { _id, count } of groups) counts.set(_id, count);
      }
      return counts;
    },

    /** Our own entries with `after` < seq ≤ `upTo`, those above `after` between the two moments, and those of these
     * operations; the newest posted first. */
    own: (
      userId: UserId,
      { after, upTo, sinceMs, untilMs }: SeqRange,
      opIds: readonly string[],
    ): Promise<readonly OwnMovement[]> => {
      const between = { at: { $gt: new Date(sinceMs), $lte: new Date(untilMs) } };
      const above = { userId, seq: { $gt: after }, $or: [{ seq: { $lte: upTo } }, between] };
      return findOwn({
        $or: [
          { ...above, ...OURS },
          { _id: { $in: [...opIds] }, userId, ...OURS },
        ],
      });
    },

    /** Our newest payments up to this moment, oldest first. By their moments: a stale save of the whole document takes the
     * user's sequence back, and its numbers are given out again. */
    async payments(userId: UserId, until: Date, limit: number): Promise<readonly OwnMovement[]> {
      const filter = { ...OURS, userId, opId: PAYMENT, at: { $lte: until } };
      const newest = await runRepeatable(() =>
        ledger().find(filter).sort({ at: -1, _id: -1 }).limit(limit).toArray(),
      );
      return newest.map(toMovement).sort((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0) || a.seq - b.seq);
    },

    /** Our own entries of these moments (database time, ms). */
    async ownAt(userId: UserId, momentsMs: readonly number[]): Promise<readonly OwnMovement[]> {
      const found: OwnMovement[] = [];
      for (const chunk of chunksOf([...new Set(momentsMs)], CHUNK)) {
        const moments = chunk.map((ms) => new Date(ms));
        found.push(...(await findOwn({ userId, at: { $in: moments }, ...OURS })));
      }
      return found;
    },

    /** What was set aside for these bots by any program, and what this program settled of them, oldest first. Of their
     * newest `MAX_BOT_ENTRIES`. */
    async ofBots(userId: UserId, botIds: readonly string[]): Promise<readonly BotEntry[]> {
      const settled = { type: 'deallocate', opId: IS_SETTLEMENT };
      const entries = await runRepeatable(() =>
        ledger()
          .find({ userId, botId: { $in: [...botIds] }, $or: [{ type: 'allocate' }, settled] })
          .sort({ at: -1, _id: -1 })
          .limit(MAX_BOT_ENTRIES)
          .toArray(),
      );
      return entries.reverse().map(toBotEntry);
    },

    /** Money that went nowhere, newest first; of one user or of all. */
    async writeOffs({
      userId,
      limit,
    }: {
      readonly userId: UserId | null;
      readonly limit: number;
    }): Promise<WriteOffs> {
      const filter = { type: 'write-off', ...(userId === null ? {} : { userId }) };
      return runRepeatable(async () => ({
        count: await ledger().countDocuments(filter),
        newest: (await ledger().find(filter).sort({ at: -1, _id: -1 }).limit(limit).toArray()).map(
          toWriteOff,
        ),
      }));
    },
  };
}

/** What moved the balance is the amount in cents; the unrounded value is only kept beside it. */
function toMovement(entry: LedgerDocument): OwnMovement {
  const { opId, seq, amountMinor, balanceAfter, botId, at } = entry;
  return {
    opId,
    seq: Number(seq),
    amount: exactFromMinor(Number(amountMinor)),
    balanceAfter:
      typeof balanceAfter === 'number' ? (parseExact(String(balanceAfter)) ?? null) : null,
    botId,
    atMs: at instanceof Date ? at.getTime() : null,
  };
}

function toBotEntry({ type, opId, botId, incarnationId, at }: LedgerDocument): BotEntry {
  return {
    type: type === 'allocate' ? type : 'deallocate',
    opId,
    botId,
    incarnationId: typeof incarnationId === 'string' ? incarnationId : null,
    atMs: at.getTime(),
  };
}

function toWriteOff({ opId, userId, botId, amountMinor, at }: LedgerDocument): WriteOff {
  return {
    opId,
    userId,
    botId,
    amountMinor: Number(amountMinor),
    at: at.toISOString(),
  };
}
