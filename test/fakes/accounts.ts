// The accounts of the users whose bots stand in memory.

import type { Account, Accounts } from '../../src/wallet/mongodb/accounts.ts';
import { inertPorts } from './inert-ports.ts';
import type { Place } from './places.ts';

export function createMemoryAccounts(places: readonly Place[]): Accounts {
  return {
    ...inertPorts<Accounts>(),
    find: async (who) => accountOf(places, who),
  };
}

function accountOf(places: readonly Place[], who: Parameters<Accounts['find']>[0]): Account | null {
  const own = places.filter(({ names }) =>
    'userId' in who ? names.userId === who.userId : names.firebaseUid === who.firebaseUid,
  );
  const [first] = own;
  if (first === undefined) return null;
  const { userId, firebaseUid } = first.names;
  return {
    userId,
    firebaseUid,
    balance: own.reduce((sum, { wallet }) => sum + wallet.balanceMinor, 0) / 100,
    currency: 'USD',
    lastUpdated: null,
    allocations: own.flatMap(({ names: { instanceId }, wallet: { allocation } }) => {
      if (allocation === null) return [];
      const { incarnationId: allocatedAt, valueMinor, lock } = allocation;
      const value = valueMinor / 100;
      const worth = { allocatedAmount: value, currentValue: value, allocatedAt };
      return [{ instanceId, botName: 'bot', ...worth, ...(lock && { lockedBy: lock }) }];
    }),
    unreadableBots: [],
  };
}
