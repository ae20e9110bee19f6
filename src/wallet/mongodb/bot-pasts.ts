// What is known of a bot's settled incarnations beside its user's document: the ledger, which never forgets, and the
// tombstones. I2: found by the bot, not by an operation's id. The platform may erase a receipt, strip a row of our
// fields or save an old allocation without its stamp, and then the document alone no longer shows what was paid.

import { createGroupCommit, runRepeatable } from '@reclaim/saga/mongodb';
import type { Connection, mongo } from 'mongoose';
import type { InstanceId, UserId } from '../../domain/ids.ts';
import { nativeCollection } from '../../infra/mongodb/native.ts';
import type { TombstoneDocument } from '../../tombstones/tombstone-updates.ts';
import type { LedgerDocument } from './ledger-documents.ts';

export interface BotPast {
  /** The moment of the newest settlement in the ledger, database time; null: the ledger has none. */
  readonly paidAt: Date | null;
  /** The same with the tombstones, which are settled a little later. */
  readonly closedAt: Date | null;
  /** Every incarnation that was settled. */
  readonly incarnations: ReadonlySet<string>;
}

export const NO_PAST: BotPast = { paidAt: null, closedAt: null, incarnations: new Set() };

export type FindBotPast = (userId: UserId, instanceId: InstanceId) => Promise<BotPast>;

interface Bot {
  readonly userId: UserId;
  readonly instanceId: InstanceId;
}

const MAX_BATCH = 100;
/** By either program: the platform's payment of an incarnation that we had locked has such a name too. */
const IS_SETTLEMENT = /^settle\./;

/** Questions that wait together go out as one.
 * @throws (from that function) UnavailableError. */
export function createBotPasts(connection: Connection): FindBotPast {
  const find = createGroupCommit<Bot, BotPast>({
    maxBatch: MAX_BATCH,
    flush: (bots) => findPasts(connection, bots),
  });
  return (userId, instanceId) => find({ userId, instanceId });
}

async function findPasts(connection: Connection, bots: readonly Bot[]): Promise<BotPast[]> {
  const [paid, closed] = await runRepeatable(() =>
    Promise.all([
      nativeCollection<LedgerDocument>(connection, 'ledger')
        .aggregate(paidIncarnations(bots))
        .toArray(),
      nativeCollection<TombstoneDocument>(connection, 'tombstones')
        .aggregate(closedIncarnations(bots))
        .toArray(),
    ]),
  );
  const paidOf = byBot(paid);
  const closedOf = byBot(closed);
  return bots.map((bot) => pastOf(paidOf.get(keyOf(bot)), closedOf.get(keyOf(bot))));
}

function paidIncarnations(bots: readonly Bot[]): mongo.Document[] {
  const ofBots = bots.map(({ userId, instanceId: botId }) => ({ userId, botId }));
  return [
    { $match: { type: 'deallocate', opId: IS_SETTLEMENT, $or: ofBots } },
    grouped('$botId', '$at'),
  ];
}

// Of a bot that had no allocation there was nothing to settle.
function closedIncarnations(bots: readonly Bot[]): mongo.Document[] {
  const ofBots = bots.map(({ userId, instanceId }) => ({ userId, instanceId }));
  const isSettled = { status: { $in: ['settled', 'ended'] }, hadAllocation: true };
  return [{ $match: { ...isSettled, $or: ofBots } }, grouped('$instanceId', '$settledAt')];
}

function grouped(botId: string, at: string): mongo.Document {
  const _id = { userId: '$userId', instanceId: botId };
  return { $group: { _id, at: { $max: at }, incarnations: { $addToSet: '$incarnationId' } } };
}

interface Group {
  readonly at: Date | null;
  readonly incarnations: readonly unknown[];
}

function byBot(groups: readonly mongo.Document[]): ReadonlyMap<string, Group> {
  return new Map(groups.map(({ _id, at, incarnations }) => [keyOf(_id), { at, incarnations }]));
}

function keyOf({ userId, instanceId }: Pick<Bot, 'userId' | 'instanceId'>): string {
  return `${userId}/${instanceId}`;
}

function pastOf(paid: Group | undefined, closed: Group | undefined): BotPast {
  if (paid === undefined && closed === undefined) return NO_PAST;
  const incarnations = [...(paid?.incarnations ?? []), ...(closed?.incarnations ?? [])];
  const paidAt = paid?.at ?? null;
  return {
    paidAt,
    closedAt: later(paidAt, closed?.at ?? null),
    incarnations: new Set(
      incarnations.filter((incarnationId) => typeof incarnationId === 'string'),
    ),
  };
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
