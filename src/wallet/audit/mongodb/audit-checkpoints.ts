// Checkpoints in MongoDB: one document per user, moved on by one conditional write, so that of two audits at
// once only one counts.

import { runRepeatable, unlessDuplicate } from '@reclaim/saga/mongodb';
import { type Connection, mongo } from 'mongoose';
import { printExact } from '../../../domain/exact-decimal.ts';
import type { UserId } from '../../../domain/ids.ts';
import { nativeCollection } from '../../../infra/mongodb/native.ts';
import { exactOf } from '../../mongodb/wallet-rows.ts';
import type { AuditCheckpoints, Checkpoint, CheckpointState } from '../audit-checkpoints.ts';

export interface MongoAuditCheckpointsDependencies {
  /** An open mongoose connection; the caller closes it. */
  readonly connection: Connection;
}

interface CheckpointDocument extends mongo.Document {
  readonly _id: UserId;
}

export function createMongoAuditCheckpoints({
  connection,
}: MongoAuditCheckpointsDependencies): AuditCheckpoints {
  const checkpoints = () => nativeCollection<CheckpointDocument>(connection, 'auditCheckpoints');
  /** @returns whether the checkpoint still stood at the revision. The first write makes the document. */
  const writeAt = (userId: UserId, revision: number, fields: mongo.Document) =>
    runRepeatable(async () => {
      const filter = { _id: userId, revision };
      const options = { upsert: revision === 0 };
      const written = await unlessDuplicate(
        checkpoints().updateOne(filter, [{ $set: fields }], options),
        null,
      );
      return written !== null && written.matchedCount + written.upsertedCount > 0;
    });
  return {
    async find(userId) {
      const found = await runRepeatable(() => checkpoints().findOne({ _id: userId }));
      return found === null ? null : parseCheckpoint(found);
    },

    advance: (userId, revision, to) =>
      writeAt(userId, revision, {
        ...stateFields(to),
        revision: revision + 1,
        suspicion: null,
        at: '$$NOW',
      }),

    async suspect(userId, revision, suspicion) {
      await writeAt(userId, revision, {
        suspicion: { $literal: suspicion },
        at: { $ifNull: ['$at', '$$NOW'] },
      });
    },
  };
}

function stateFields({ balance, seq, boundary, lastRow, position }: CheckpointState) {
  return {
    balance: balance === null ? null : mongo.Decimal128.fromString(printExact(balance)),
    seq,
    boundary: { $literal: boundary },
    lastRow: { $literal: lastRow },
    position,
  };
}

/** One that only holds a suspicion has nothing else yet. */
function parseCheckpoint(document: CheckpointDocument): Checkpoint {
  const { revision, balance, seq, boundary, lastRow, position, at, suspicion } = document;
  return {
    revision,
    balance: exactOf(balance),
    seq: seq ?? 0,
    boundary: boundary ?? { index: 0, trimmed: 0 },
    lastRow: lastRow ?? null,
    position: position ?? 0,
    at: at.toISOString(),
    suspicion: suspicion ?? null,
  };
}
