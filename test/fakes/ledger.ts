// The ledger in memory: which operations are posted.

import { HoldError } from '../../packages/saga/src/errors.ts';
import type { Link } from '../../packages/saga/src/testing/index.ts';
import type { Ledger } from '../../src/wallet/ledger.ts';
import { inertPorts } from './inert-ports.ts';
import { moneyOf, type Names, type WalletWorld } from './wallet-world.ts';

export function ledgerOver(all: readonly WalletWorld[], link: Link): Ledger {
  const add = (bot: Pick<Names, 'userId' | 'instanceId'>, opId: string) => {
    const { ledger } = moneyOf(all, bot);
    if (ledger.has(opId)) return 'exists';
    ledger.add(opId);
    return 'posted';
  };
  return {
    ...inertPorts<Ledger>(),
    postReservation: ({ reservation }) =>
      link.call('wallet', 'ledger post reservation', () => add(reservation, reservation.opId)),
    post: ({ receipt }) => link.call('wallet', 'ledger post', () => add(receipt, receipt.opId)),
    find: (opId) =>
      link.call('wallet', 'ledger find', () => {
        const isKnown = all.some(({ ledger }) => ledger.has(opId));
        if (isKnown) throw new HoldError('UNREADABLE', 'a receipt was lost');
        return null;
      }),
  };
}
