// How far the audit of a user has come: the balance it saw and the row it saw last. The next audit chains from here, so
// that its cost does not grow with the user's history (I11). One document per user, moved on by one conditional write, so
// that of two audits at once only one counts.

import { majorityCollection, runRepeatable, unlessDuplicate } from '@reclaim/saga/mongodb';
import { type Db, Decimal128, type Document } from 'mongodb';
import { type Exact, printExact } from '../../../domain/exact-decimal.ts';
import type { UserId } from '../../../domain/ids.ts';
import { exactOf } from '../../mongodb/wallet-rows.ts';
import type { RowBoundary } from '../wallet-readings.ts';

export interface CheckpointState {
  /** Null while only history from before the opening was taken in. */
  readonly balance: Exact | null;
  /** Of our own writes, all up to this one are in `balance`. */
  readonly seq: number;
  readonly boundary: RowBoundary;
  /** What the row before the boundary is known by; null at the start of the list. */
  readonly lastRow: string | null;
  /** How many rows of the platform were ever taken in. */
  readonly position: number;
  /** When `balance` was read, database time, ms. */
  readonly readAtMs: number;
}

export interface Checkpoint extends CheckpointState {
  /** Raised by every advance; 0 before the first. */
  readonly revision: number;
  readonly suspicion: Suspicion | null;
}

/** A difference that was found and may still be a write that is under way. */
export interface Suspicion {
  /** A fingerprint of the wallet: an unchanged wallet has the same. */
  readonly signature: string;
  /** Database time, ms: when it first had this fingerprint, and since when no pass has added up. */
  readonly observedAtMs: number;
  readonly sinceMs: number;
}

interface CheckpointDocument extends Document {
  readonly _id: UserId;
}

export type AuditCheckpoints = ReturnType<typeof createMongoAuditCheckpoints>;

export function createMongoAuditCheckpoints(db: Db) {
  const checkpoints = () => majorityCollection<CheckpointDocument>(db, 'auditCheckpoints');
  /** @returns whether the checkpoint still stood at the revision. The first write makes the document. */
  const writeAt = (userId: UserId, revision: number, fields: Document) =>
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
    async find(userId: UserId): Promise<Checkpoint | null> {
      const found = await runRepeatable(() => checkpoints().findOne({ _id: userId }));
      return found === null ? null : parseCheckpoint(found);
    },

    /** The users whose balance an audit has seen, in the order of their ids. */
    async audited({
      after,
      limit,
    }: {
      readonly after: UserId | null;
      readonly limit: number;
    }): Promise<readonly UserId[]> {
      const filter = {
        balance: { $type: 'decimal' },
        ...(after !== null && { _id: { $gt: after } }),
      } as const;
      const options = { projection: { _id: 1 }, limit } as const;
      const found = await runRepeatable(() =>
        checkpoints().find(filter, options).sort({ _id: 1 }).toArray(),
      );
      return found.map(({ _id }) => _id);
    },

    /** One conditional write: false when another audit has moved the checkpoint from `revision` on. Ends a
     * suspicion. */
    advance: (userId: UserId, revision: number, to: CheckpointState): Promise<boolean> =>
      writeAt(userId, revision, {
        ...stateFields(to),
        revision: revision + 1,
        suspicion: null,
      }),

    /** Stores a suspicion beside the checkpoint, unless the checkpoint has advanced. */
    async suspect(userId: UserId, revision: number, suspicion: Suspicion): Promise<void> {
      await writeAt(userId, revision, { suspicion: { $literal: suspicion } });
    },
  };
}

function stateFields({ balance, seq, boundary, lastRow, position, readAtMs }: CheckpointState) {
  return {
    balance: balance === null ? null : Decimal128.fromString(printExact(balance)),
    seq,
    boundary: { $literal: boundary },
    lastRow: { $literal: lastRow },
    position,
    readAtMs,
  };
}

/** One that only holds a suspicion has nothing else yet. */
function parseCheckpoint(document: CheckpointDocument): Checkpoint {
  const { revision, balance, seq, boundary, lastRow, position, readAtMs, suspicion } = document;
  return {
    revision,
    balance: exactOf(balance),
    seq: seq ?? 0,
    boundary: boundary ?? { index: 0, trimmed: 0 },
    lastRow: lastRow ?? null,
    position: position ?? 0,
    readAtMs: readAtMs ?? 0,
    suspicion: suspicion ?? null,
  };
}
