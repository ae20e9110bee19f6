// The platform's own DELETE of a bot, as it writes the wallet: balance, allocation and row in one save, computed from a
// copy that it read before, with nothing of ours in it.

import type { Connection } from 'mongoose';
import type { UserId } from '../../src/domain/ids.ts';
import { byId, readUser, users } from './users.ts';

export interface PlatformDelete {
  /** What it pays: the bot's live total. */
  readonly amount?: number;
  readonly description?: string;
  readonly timestamp?: Date;
}

/** It pays nothing where its copy shows no allocation. */
export async function platformDeletes(
  connection: Connection,
  userId: UserId,
  instanceId: string,
  { amount = 110, description, timestamp = new Date() }: PlatformDelete = {},
): Promise<void> {
  const user = await readUser(connection, userId);
  if (user.botAllocations[instanceId] === undefined) return;
  const balance = user.paperWallet.balance + amount;
  const row = {
    type: 'deallocate',
    amount,
    botId: instanceId,
    botName: 'Bot 1',
    description: description ?? `Returned $${amount.toFixed(2)} from deleted bot (P&L: +$10.00)`,
    balanceAfter: balance,
    timestamp,
  };
  await users(connection).updateOne(byId(userId), {
    $set: { 'paperWallet.balance': balance },
    $unset: { [`botAllocations.${instanceId}`]: 1 },
    $push: { walletTransactions: row },
  } as object);
}
