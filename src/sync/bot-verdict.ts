// The one verdict on a bot that a page shows: what one look at the three sources says, and where a synchronisation would
// leave an orphan alone, why. It asks what the synchronisation asks, in its order, so that no page promises money that
// the next run does not return.

import type { Sagas } from '@reclaim/saga';
import { botKey } from '../deletion/bot-key.ts';
import type { InstanceId, UserId } from '../domain/ids.ts';
import { VERDICTS, type Verdict } from '../domain/presence.ts';
import type { Tombstones } from '../tombstones/tombstones.ts';
import type { AccountAllocation } from '../wallet/accounts.ts';
import type { AllocationReading, Wallets } from '../wallet/wallets.ts';

export const BOT_VERDICTS = [
  ...VERDICTS,
  /** A saga holds it. */
  'busy',
  /** An orphan that was paid back before. */
  'settled',
  /** An orphan whose numbers are no amount of money. */
  'not-money',
] as const;

export type BotVerdict = (typeof BOT_VERDICTS)[number];

export interface VetoPorts {
  readonly wallets: Pick<Wallets, 'readAllocation'>;
  readonly tombstones: Pick<Tombstones, 'findForBot'>;
  readonly sagas: Pick<Sagas, 'findHolders'>;
}

export async function refineVerdict(
  ports: VetoPorts,
  userId: UserId,
  allocation: AccountAllocation | undefined,
  verdict: Verdict,
): Promise<BotVerdict> {
  if (allocation?.closing !== undefined) return 'busy';
  if (verdict !== 'orphan' || allocation === undefined) return verdict;
  const { instanceId } = allocation;
  const key = botKey({ userId, instanceId });
  if ((await ports.sagas.findHolders([key])).has(key)) return 'busy';
  const reading = await ports.wallets.readAllocation(userId, instanceId);
  if (reading.status !== 'present') return verdict;
  if ((await findPayment(ports, userId, instanceId, reading.allocation)) !== null) return 'settled';
  return reading.allocation.notMoney === null ? verdict : 'not-money';
}

type Reading = Extract<AllocationReading, { readonly status: 'present' }>['allocation'];

/** What paid this life before; null: nothing. A stale copy of the whole document takes the wallet's own memory with it;
 * the tombstone's stays. */
export async function findPayment(
  { tombstones }: Pick<VetoPorts, 'tombstones'>,
  userId: UserId,
  instanceId: InstanceId,
  { settledOpId, life }: Pick<Reading, 'settledOpId' | 'life'>,
): Promise<string | null> {
  if (settledOpId !== null) return settledOpId;
  const settled = (await tombstones.findForBot(userId, instanceId)).find(
    ({ status, incarnation }) => status !== 'closing' && incarnation.life === life,
  );
  return settled?.sagaId ?? null;
}
