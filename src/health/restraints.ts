// Which bots health must leave alone just now: those that a saga holds, and those that a tombstone names. Health
// neither starts them nor touches their entry, so that nothing it does brings back what is being or was deleted.

import type { Sagas } from '@reclaim/saga';
import { botKey } from '../deletion/bot-key.ts';
import type { BotOfUser } from '../domain/incarnation.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import type { Tombstone, Tombstones } from '../tombstones/tombstones.ts';
import type { Wallets } from '../wallet/wallets.ts';

export interface RestraintPorts {
  readonly tombstones: Pick<Tombstones, 'findForBot'>;
  readonly wallets: Pick<Wallets, 'readAllocation'>;
  readonly sagas: Pick<Sagas, 'findHolders'>;
}

/** @returns the keys (`botKey`) of those among them that are restrained. */
export async function restrainedAmong(
  ports: RestraintPorts,
  bots: readonly BotOfUser[],
): Promise<ReadonlySet<string>> {
  const holders = await ports.sagas.findHolders(bots.map(botKey));
  const restrained = new Set(bots.map(botKey).filter((key) => holders.has(key)));
  const left = bots.filter((bot) => !restrained.has(botKey(bot)));
  await mapBounded(left, WIDTH, async (bot) => {
    if (await isBuried(ports, bot)) restrained.add(botKey(bot));
  });
  return restrained;
}

/** Bots checked in one query. */
const WIDTH = 8;

/**
 * Whether a tombstone names this bot: an unfinished one always, one that has ended unless the wallet holds a new
 * incarnation.
 */
export async function isBuried(
  { tombstones, wallets }: Omit<RestraintPorts, 'sagas'>,
  { userId, instanceId }: BotOfUser,
): Promise<boolean> {
  const found = await tombstones.findForBot(userId, instanceId);
  if (found.some(({ status }) => status !== 'ended')) return true;
  if (found.length === 0) return false;
  const reading = await wallets.readAllocation(userId, instanceId);
  if (reading.status !== 'present') return true;
  const { incarnationId, settledOpId } = reading.allocation;
  return settledOpId !== null || found.some(named(incarnationId));
}

const named = (incarnationId: string | null) => (tombstone: Tombstone) =>
  tombstone.incarnation.incarnationId === incarnationId;
