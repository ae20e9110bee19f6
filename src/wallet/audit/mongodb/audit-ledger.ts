// The ledger as an audit uses it: rows of the platform are inserted under names that follow from them, so
// that a second insert finds the first (I2). Nothing here changes an entry.

import { insertNew, runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import { exactFromMinor, parseExact } from '../../../domain/exact-decimal.ts';
import type { UserId } from '../../../domain/ids.ts';
import { nativeCollection } from '../../../infra/mongodb/native.ts';
import type { LedgerDocument } from '../../mongodb/ledger-documents.ts';
import { type PlatformDocument, platformDocument } from '../../mongodb/platform-documents.ts';
import {
  type AuditLedger,
  type BotEntry,
  MAX_BOT_ENTRIES,
  type WriteOff,
} from '../audit-ledger.ts';
import type { OwnMovement } from '../wallet-readings.ts';

export interface MongoAuditLedgerDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

/** Names of one question, entries of one insert. */
const CHUNK = 1_000;
const IS_SETTLEMENT = /^settle\./;
const OURS = { source: 'reclaim', type: { $ne: 'write-off' } };

export function createMongoAuditLedger({ connection }: MongoAuditLedgerDependencies): AuditLedger {
  const ledger = () => nativeCollection<LedgerDocument>(connection, 'ledger');
  const findOwn = async (filter: mongo.Filter<LedgerDocument>) => {
    const entries = await runRepeatable(() =>
      ledger().find(filter).sort({ postedAt: -1, _id: 1 }).toArray(),
    );
    return entries.map(toMovement);
  };
  return {
    async post(postings) {
      let posted = 0;
      for (const chunk of chunksOf(postings)) {
        const entries = nativeCollection<PlatformDocument>(connection, 'ledger');
        posted += await insertNew(entries, chunk.map(platformDocument));
      }
      return posted;
    },

    async known(opIds, before) {
      const known = new Set<string>();
      if (before === 0) return known;
      for (const chunk of chunksOf(opIds)) {
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

    async countEqual(userId, contentHashes, before) {
      const counts = new Map<string, number>();
      for (const chunk of chunksOf(contentHashes)) {
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

    own: (userId, { after, upTo, opIds }) =>
      findOwn({
        $or: [
          { userId, seq: { $gt: after, $lte: upTo }, ...OURS },
          { _id: { $in: [...opIds] }, userId, ...OURS },
        ],
      }),

    async ownAt(userId, momentsMs) {
      const found: OwnMovement[] = [];
      for (const chunk of chunksOf([...new Set(momentsMs)])) {
        const moments = chunk.map((ms) => new Date(ms));
        found.push(...(await findOwn({ userId, at: { $in: moments }, ...OURS })));
      }
      return found;
    },

    async ofBots(userId, botIds) {
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

    async writeOffs({ userId, limit }) {
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

function chunksOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, n) =>
    all.slice(n * CHUNK, (n + 1) * CHUNK),
  );
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
    userId: userId as UserId,
    botId,
    amountMinor: Number(amountMinor),
    at: at.toISOString(),
  };
}
