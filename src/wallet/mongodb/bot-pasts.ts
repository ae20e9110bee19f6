// What is known of a bot's settled incarnations beside its user's document: the ledger, which never forgets, and the
// tombstones. I2: found by the bot, not by an operation's id. The platform may erase a receipt, strip a row of our
// fields or save an old allocation without its stamp, and then the document alone no longer shows what was paid.

import { createGroupCommit, majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Condition, Db, Document } from 'mongodb';
import type { InstanceId, UserId } from '../../domain/ids.ts';
import type { BotOfUser } from '../../domain/incarnation.ts';
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

const MAX_BATCH = 100;
/** By either program: the platform's payment of an incarnation that we had locked has such a name too. */
const IS_SETTLEMENT = /^settle\./;

/** Questions that wait together go out as one.
 * @throws (from that function) UnavailableError. */
export function createBotPasts(db: Db): FindBotPast {
  const find = createGroupCommit<BotOfUser, BotPast>({
    maxBatch: MAX_BATCH,
    flush: (bots) => findPasts(db, bots),
  });
  return (userId, instanceId) => find({ userId, instanceId });
}

async function findPasts(db: Db, bots: readonly BotOfUser[]): Promise<BotPast[]> {
  const [paid, closed] = await runRepeatable(() =>
    Promise.all([
      majorityCollection<LedgerDocument>(db, 'ledger')
        .find(paidOf(bots), { projection: fields('botId', 'at') })
        .toArray(),
      majorityCollection<TombstoneDocument>(db, 'tombstones')
        .find(closedOf(bots), { projection: fields('instanceId', 'settledAt') })
        .toArray(),
    ]),
  );
  const ends = new Map(bots.map((bot) => [keyOf(bot), { paid: [] as End[], closed: [] as End[] }]));
  for (const { userId, botId, at, incarnationId } of paid) {
    ends.get(keyOf({ userId, instanceId: botId }))?.paid.push({ at, incarnationId });
  }
  for (const { userId, instanceId, settledAt: at, incarnationId } of closed) {
    ends.get(keyOf({ userId, instanceId }))?.closed.push({ at, incarnationId });
  }
  return bots.map((bot) => pastOf(ends.get(keyOf(bot))));
}

// The filters also find one bot of a user under another's id: one plan for all, where the pairs would be a plan each. What
// was not asked for is left out.

function paidOf(bots: readonly BotOfUser[]) {
  return {
    ...{ type: 'deallocate', opId: IS_SETTLEMENT },
    ...{ userId: { $in: usersOf(bots) }, botId: { $in: instancesOf(bots) } },
  };
}

// Of a bot that had no allocation there was nothing to settle.
function closedOf(bots: readonly BotOfUser[]) {
  const status: Condition<TombstoneDocument['status']> = { $in: ['settled', 'ended'] };
  return {
    ...{ status, hadAllocation: true },
    ...{ userId: { $in: usersOf(bots) }, instanceId: { $in: instancesOf(bots) } },
  };
}

const usersOf = (bots: readonly BotOfUser[]) => [...new Set(bots.map(({ userId }) => userId))];
const instancesOf = (bots: readonly BotOfUser[]) => [
  ...new Set(bots.map(({ instanceId }) => instanceId)),
];

function fields(instanceId: string, at: string): Document {
  return { _id: 0, userId: 1, [instanceId]: 1, [at]: 1, incarnationId: 1 };
}

interface End {
  readonly at: unknown;
  readonly incarnationId: unknown;
}

function keyOf({ userId, instanceId }: Record<keyof BotOfUser, unknown>): string {
  return `${userId}/${instanceId}`;
}

function pastOf(ends: { readonly paid: End[]; readonly closed: End[] } | undefined): BotPast {
  if (ends === undefined) return NO_PAST;
  const { paid, closed } = ends;
  const incarnations = [...paid, ...closed].map(({ incarnationId }) => incarnationId);
  return {
    paidAt: newestOf(paid),
    closedAt: newestOf([...paid, ...closed]),
    incarnations: new Set(incarnations.filter((id) => typeof id === 'string')),
  };
}

function newestOf(ends: readonly End[]): Date | null {
  const moments = ends.flatMap(({ at }) => (at instanceof Date ? [at.getTime()] : []));
  return moments.length === 0 ? null : new Date(Math.max(...moments));
}
