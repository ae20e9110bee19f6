// The three effects of a deletion as one would write them without a saga: one call per effect and bot, on
// the same adapters, with everything looked up beforehand and nothing remembered. What a deletion costs at
// the very least, and what it promises nothing for: a crash between two effects loses money.

import { toSagaId } from '@reclaim/saga';
import { majorityCollection } from '@reclaim/saga/mongodb';
import { type Db, ObjectId } from 'mongodb';
import type { ObservedBot } from '../src/domain/bot.ts';
import { settlementOpId } from '../src/domain/incarnation.ts';
import type { Services } from '../src/main/compose/services.ts';
import { takingOut } from '../src/pool-state/owned-entry.ts';
import { settleUpdate } from '../src/wallet/mongodb/settle-update.ts';
import type { SettleCommand } from '../src/wallet/wallets.ts';
import type { DeleteBot } from './drive.ts';
import { BOT_NAME, BOT_VALUE, type HerdBot, INCARNATION } from './herd.ts';

const SAGA = toSagaId('del-bench000000000000');
const EPOCH = 1;

/** Prepares the bots (the locks that the settlement's filter asks for, the containers' ids), then gives
 * what deletes one. */
export async function createEffects(
  { db, deletionPorts }: Services,
  bots: readonly HerdBot[],
  signal: AbortSignal,
): Promise<DeleteBot> {
  const { bots: containers, poolStates } = deletionPorts;
  await markAll(db, bots);
  const observed = new Map<string, ObservedBot>();
  await Promise.all(
    bots.map(async ({ instanceId, firebaseUid }) => {
      const query = { instanceId, firebaseUid, poolContainers: [] };
      const located = await containers.locate(query, { signal });
      const observedBot = located.status === 'ok' ? located.items[0] : undefined;
      if (observedBot === undefined) throw new Error(`${instanceId} was not found`);
      observed.set(instanceId, observedBot);
    }),
  );
  const users = majorityCollection(db, 'users');
  return async (bot) => {
    const observedBot = observed.get(bot.instanceId);
    if (observedBot === undefined) throw new Error(`${bot.instanceId} was not prepared`);
    await containers.stop(bot.instanceId, observedBot, { signal, fence });
    if (bot.isPooled) {
      const { userId, firebaseUid, instanceId } = bot;
      const change = takingOut({
        instanceId,
        owner: { userId, firebaseUid },
        since: new Date().toISOString(),
      });
      await poolStates.mutate({ change, fence, signal });
    }
    const { filter, update } = settleUpdate(settlementOf(bot));
    const projection = { 'paperWallet.balance': 1 };
    const paid = await users.findOneAndUpdate(filter, update, { projection });
    if (paid === null) throw new Error(`${bot.instanceId} was not paid`);
  };
}

async function fence(): Promise<void> {}

async function markAll(db: Db, bots: readonly HerdBot[]): Promise<void> {
  await db.collection('users').bulkWrite(
    bots.map(({ userId, instanceId }) => ({
      updateOne: {
        filter: { _id: new ObjectId(userId) },
        update: { $set: { [`botAllocations.${instanceId}.lockedBy`]: MARK } },
      },
    })),
    { ordered: false },
  );
}

const MARK = { sagaId: SAGA, epoch: EPOCH, value: BOT_VALUE, incarnationId: INCARNATION };

function settlementOf({ userId, instanceId }: HerdBot): SettleCommand {
  const incarnation = { userId, instanceId, incarnationId: INCARNATION };
  return {
    userId,
    instanceId,
    incarnation,
    sagaId: SAGA,
    epoch: EPOCH,
    opId: settlementOpId(incarnation),
    botName: BOT_NAME,
    lockedValue: BOT_VALUE,
    reason: 'deleted',
  };
}
