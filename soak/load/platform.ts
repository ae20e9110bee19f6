// The platform beside the system: it pays in, writes the bots' values all the time, and rewrites the pool state from
// memory, in place and without a lock. It never moves a balance without the row that says so, in one update: then
// every cent of the end can be accounted for.

import { readFile, writeFile } from 'node:fs/promises';
import { pause } from '@reclaim/saga';
import { type Db, type Document, ObjectId } from 'mongodb';
import type { Random } from '../random.ts';
import type { Tally } from '../tally.ts';
import type { Townsman } from '../town.ts';
import type { Census } from './census.ts';

export interface Platform {
  /** Deposits that were acknowledged, each `<uid>/<depositId>`. */
  readonly deposits: ReadonlySet<string>;
  /** Every value that was ever written, or may have been, for a bot, in dollars. */
  valuesOf(instanceId: string): ReadonlySet<number>;
  /** Leaves the pool state half written, then writes it whole again. */
  tearPoolState(forMs: number, signal: AbortSignal): Promise<void>;
  /** Resolves when it has stopped writing. */
  readonly stopped: Promise<void>;
}

export interface PlatformOptions {
  readonly db: Db;
  readonly poolStateFile: string;
  readonly town: readonly Townsman[];
  readonly census: Census;
  readonly random: Random;
  readonly faults: Tally;
  readonly signal: AbortSignal;
}

const DEPOSIT_EVERY_MS = 60;
const VALUE_EVERY_MS = 25;
const REWRITE_EVERY_MS = 1_200;
/** Between what it read and what it writes: the longer, the more it takes back with it. */
const STALE_MS = 40;

export function startPlatform(options: PlatformOptions): Platform {
  const { db, poolStateFile, town, census, random, faults, signal } = options;
  const users = () => db.collection('users');
  const deposits = new Set<string>();
  const values = new Map<string, Set<number>>();
  let rewriting: Promise<unknown> = Promise.resolve();

  const repeat = async (everyMs: number, turn: () => Promise<unknown>) => {
    while (!signal.aborted) {
      // A server that is away takes nothing; what it may have taken is found in the end.
      await turn().catch(() => undefined);
      await pause(everyMs, signal);
    }
  };

  const deposit = async () => {
    const who = random.pick(town);
    if (who === undefined) return;
    const depositId = new ObjectId().toHexString();
    const amount = random.between(1, 20_000) / 100;
    await users().updateOne({ firebaseUid: who.uid }, depositUpdate(depositId, amount), MAJORITY);
    deposits.add(`${who.uid}/${depositId}`);
  };

  const writeValue = async () => {
    const bot = random.pick(census.allBots());
    if (bot === undefined) return;
    const { uid, instanceId } = bot;
    // Half a cent and less, so that what is paid has to be rounded.
    const value = random.between(0, 1_500_000) / 10_000;
    const written = values.get(instanceId) ?? new Set();
    values.set(instanceId, written.add(value));
    const path = `botAllocations.${instanceId}`;
    const filter = { firebaseUid: uid, [path]: { $exists: true } };
    await users().updateOne(filter, { $set: { [`${path}.currentValue`]: value } });
  };

  const inTurn = (work: () => Promise<void>) => {
    rewriting = rewriting.then(work, work);
    return rewriting;
  };
  const rewrite = async () => {
    const content = await readFile(poolStateFile, 'utf8');
    await pause(random.between(0, STALE_MS), signal);
    await writeFile(poolStateFile, content);
    faults.add('pool state rewritten by the platform');
  };

  const streams = [
    repeat(DEPOSIT_EVERY_MS, deposit),
    repeat(VALUE_EVERY_MS, writeValue),
    repeat(REWRITE_EVERY_MS, () => inTurn(rewrite)),
  ];
  return {
    deposits,
    valuesOf: (instanceId) => values.get(instanceId) ?? NONE,
    tearPoolState: async (forMs, ending) => {
      await inTurn(async () => {
        const content = await readFile(poolStateFile, 'utf8');
        try {
          const share = random.between(0, 9) / 10;
          await writeFile(poolStateFile, content.slice(0, Math.floor(content.length * share)));
          await pause(forMs, ending);
        } finally {
          await writeFile(poolStateFile, content);
        }
      });
    },
    stopped: Promise.all(streams).then(() => rewriting.then(() => undefined)),
  };
}

const NONE: ReadonlySet<number> = new Set();
const MAJORITY = { writeConcern: { w: 'majority' } } as const;

/** Exact: a platform that adds in doubles would hide a cent that somebody else lost. */
function depositUpdate(depositId: string, amount: number): Document[] {
  const sum = { $add: [{ $toDecimal: '$paperWallet.balance' }, { $toDecimal: amount }] };
  const row = {
    _id: new ObjectId(depositId),
    type: 'deposit',
    amount,
    description: 'Deposit',
    balanceAfter: '$paperWallet.balance',
    timestamp: '$$NOW',
  };
  return [
    { $set: { 'paperWallet.balance': { $toDouble: sum } } },
    { $set: { walletTransactions: { $concatArrays: ['$walletTransactions', [row]] } } },
  ];
}
