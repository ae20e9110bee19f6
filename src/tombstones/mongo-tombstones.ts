// The tombstones in MongoDB, `_id` = the incarnation's key. The writes of sagas that wait together go
// out as one bulk with one read after it; the result of each is derived from that read (I1, I5).

import { randomUUID } from 'node:crypto';
import { FencedError, HoldError, RetryableError, type SagaError, toSagaId } from '@reclaim/saga';
import {
  createGroupCommit,
  inDoubt,
  isApplied,
  majorityCollection,
  rejectUnlessAnswered,
  runRepeatable,
  type WriteOutcome,
  writeThenRead,
} from '@reclaim/saga/mongodb';
import type { Db, Document, WithId } from 'mongodb';
import { toInstanceId, toUserId } from '../domain/ids.ts';
import { incarnationKey } from '../domain/incarnation.ts';
import {
  checkWrite,
  endWrite,
  observedBotsWrite,
  openWrite,
  settleWrite,
  type TombstoneDocument,
  type TombstoneWrite,
  WITHDRAWN,
  withdrawWrite,
} from './tombstone-updates.ts';
import type {
  OpenResult,
  OpenTombstone,
  Tombstone,
  Tombstones,
  TombstoneTarget,
} from './tombstones.ts';
import { findEnded, takeDueTombstones } from './tombstones-read.ts';

export interface MongoTombstonesDependencies {
  /** Of an open client, which the caller closes. */
  readonly db: Db;
  /** Names one taking of due tombstones; unique. */
  readonly createToken?: () => string;
}

const TOMBSTONES = 'tombstones';
const MAX_BATCH = 200;
/** Of one bot; more incarnations than this are not read at once. */
const MAX_INCARNATIONS = 100;

export function createMongoTombstones({
  db,
  createToken = randomUUID,
}: MongoTombstonesDependencies): Tombstones {
  const send = createGroupCommit<Item, Answer>({
    maxBatch: MAX_BATCH,
    flush: (items) => flush(db, items),
  });
  /** Sends a write of an owner and throws unless the tombstone shows it. */
  const change = async (
    target: TombstoneTarget,
    write: TombstoneWrite,
    isDone: (tombstone: Tombstone) => boolean,
    isRepeated = false,
  ): Promise<void> => {
    const key = incarnationKey(target.incarnation);
    const { found, outcome } = await send({ key, write, isRepeated });
    if (isApplied(outcome)) return;
    if (found === 'unread') throw inDoubt('the tombstones', 'they could not be read back');
    const isThere = found !== null && found.status !== WITHDRAWN;
    if (isThere && isHeldBy(found, target) && isDone(found)) return;
    rejectUnlessAnswered(outcome, 'the tombstones');
    throw refusal(found, target);
  };

  return {
    async open(command) {
      const key = incarnationKey(command.incarnation);
      const { found, outcome } = await send({ key, write: openWrite(command) });
      if (isApplied(outcome)) return { status: 'opened' };
      if (found === 'unread') throw inDoubt('the tombstones', 'they could not be read back');
      const result = found === null ? null : decideOpen(found, command);
      if (result?.status === 'opened') return result;
      rejectUnlessAnswered(outcome, 'the tombstones');
      if (result !== null) return result;
      throw new RetryableError(
        'TOMBSTONE_CONTENDED',
        `the tombstone ${key} was withdrawn meanwhile`,
      );
    },

    recordObservedBots: (target, observed) =>
      change(target, observedBotsWrite(target, observed), () => true),

    async withdraw(target) {
      const key = incarnationKey(target.incarnation);
      const { found, outcome } = await send({ key, write: withdrawWrite(target) });
      if (isApplied(outcome)) return;
      if (found === 'unread') throw inDoubt('the tombstones', 'they could not be read back');
      if (found === null || found.sagaId !== target.sagaId) return;
      if (found.status === WITHDRAWN) return;
      rejectUnlessAnswered(outcome, 'the tombstones');
      throw refusal(found, target);
    },

    settle: (target, { observedAtRest } = { observedAtRest: false }) =>
      change(target, settleWrite(target, observedAtRest), ({ status }) => status !== 'open'),
    end: (target) => change(target, endWrite(target), ({ status }) => status === 'ended', true),

    takeDue: async (options) => {
      const taken = await takeDueTombstones(db, { ...options, token: createToken() });
      return taken.map(parseTombstone);
    },

    recordCheck: (tombstone, observation) =>
      change(tombstone, checkWrite(tombstone, observation), ({ status }) =>
        observation.gone ? status === 'ended' : status === 'settled',
      ),

    async makeDue() {
      await runRepeatable(() =>
        majorityCollection<TombstoneDocument>(db, TOMBSTONES).updateMany(
          { status: 'settled', $expr: { $gt: ['$nextCheckAt', '$$NOW'] } },
          [{ $set: { nextCheckAt: '$$NOW' } }],
        ),
      );
    },

    async heldSlots(userId) {
      const documents = await runRepeatable(() =>
        majorityCollection<TombstoneDocument>(db, TOMBSTONES)
          .find({ userId, status: { $in: ['open', 'settled'] }, slot: { $type: 'object' } })
          .project({ instanceId: 1, slot: 1 })
          .toArray(),
      );
      return documents.map(({ instanceId, slot }) => ({
        instanceId: toInstanceId(instanceId),
        slot,
      }));
    },

    async findForBot(userId, instanceId) {
      const documents = await runRepeatable(() =>
        majorityCollection<TombstoneDocument>(db, TOMBSTONES)
          .find({ userId, instanceId, status: { $ne: WITHDRAWN } })
          .sort({ openedAt: -1, _id: -1 })
          .limit(MAX_INCARNATIONS)
          .toArray(),
      );
      return documents.map(parseTombstone);
    },

    endedAmong: (bots) => findEnded(db, bots),
  };
}

interface Item {
  readonly key: string;
  readonly write: TombstoneWrite;
  /** Lost, it is done again by the janitor: it need not wait for a majority. */
  readonly isRepeated?: boolean;
}

interface Answer {
  readonly outcome: WriteOutcome | null;
  readonly found: Stored | 'unread' | null;
}

/** What stands under an incarnation's key: its tombstone, or the name of the saga that withdrew its own. */
type Stored = (
  | Tombstone
  | (Pick<Tombstone, 'sagaId' | 'epoch'> & { readonly status: 'withdrawn' })
) & {
  /** The sagas that open none any more. */
  readonly withdrawnBy: readonly string[];
};

async function flush(db: Db, items: readonly Item[]): Promise<Answer[]> {
  const { outcomes, reading } = await writeThenRead<TombstoneDocument, WithId<TombstoneDocument>[]>(
    {
      db,
      collection: TOMBSTONES,
      writes: items.map(({ write }) => write),
      durability: items.every(({ isRepeated }) => isRepeated === true) ? 'primary' : 'majority',
      read: async (tombstones, options, known) => {
        // Only what did not plainly take effect: on the hot path that is nothing, and costs nothing.
        const unsure = items.filter((_, index) => !isApplied(known[index]));
        if (unsure.length === 0) return [];
        return tombstones.find({ _id: { $in: unsure.map(({ key }) => key) } }, options).toArray();
      },
    },
  );
  const documents = new Map(
    reading.status === 'ok' ? reading.value.map((document) => [document._id, document]) : [],
  );
  return items.map(({ key }, index) => {
    const document = documents.get(key);
    const found = document === undefined ? null : parseStored(document);
    return {
      outcome: outcomes[index] ?? null,
      found: reading.status === 'ok' ? found : 'unread',
    };
  });
}

// Null: another saga's withdrawal, which blocks nothing.
function decideOpen(found: Stored, { sagaId, epoch }: OpenTombstone): OpenResult | null {
  if (found.status === 'settled' || found.status === 'ended') {
    return { status: 'already-settled', sagaId: found.sagaId };
  }
  if (found.withdrawnBy.includes(sagaId)) throw new FencedError(sagaId, epoch);
  if (found.status === WITHDRAWN) return null;
  if (found.sagaId !== sagaId) return { status: 'other-saga', sagaId: found.sagaId };
  if (found.epoch > epoch) throw new FencedError(sagaId, epoch);
  return { status: 'opened' };
}

function isHeldBy(
  found: Pick<Stored, 'sagaId' | 'epoch'>,
  { sagaId, epoch }: TombstoneTarget,
): boolean {
  return found.sagaId === sagaId && found.epoch <= epoch;
}

/** Why a write of an owner left no trace. */
function refusal(found: Stored | null, target: TombstoneTarget): SagaError {
  const key = incarnationKey(target.incarnation);
  if (found === null || found.status === WITHDRAWN) {
    return new HoldError('TOMBSTONE_MISSING', `there is no tombstone ${key} any more`);
  }
  if (!isHeldBy(found, target)) return new FencedError(target.sagaId, target.epoch);
  return new HoldError(
    'TOMBSTONE_STATUS',
    `the tombstone ${key} is ${found.status}, which does not allow this`,
  );
}

function parseStored(document: Document): Stored {
  const { status, sagaId, epoch, withdrawnBy = [] } = document;
  return status === WITHDRAWN
    ? { status, sagaId: toSagaId(sagaId), epoch, withdrawnBy }
    : { ...parseTombstone(document), withdrawnBy };
}

function parseTombstone(document: Document): Tombstone {
  const {
    firebaseUid,
    status,
    observedBots,
    observedInPart,
    // Its stop decides.
    observedAtRest = false,
    openedAt,
    slot,
    hadAllocation,
    attempts,
    lastReason,
  } = document;
  return {
    incarnation: {
      userId: toUserId(document.userId),
      instanceId: toInstanceId(document.instanceId),
      incarnationId: document.incarnationId,
    },
    sagaId: toSagaId(document.sagaId),
    epoch: document.epoch,
    firebaseUid,
    status,
    observedBots,
    observedInPart,
    observedAtRest,
    openedAt,
    slot,
    hadAllocation,
    attempts,
    lastReason,
  };
}
