// An operator ends a stuck deletion while its settlement, sent long ago, may still land: either it lands and the
// tombstone says so, or it never does (I2).

import { expect, it } from 'vitest';
import { HoldError } from '../../packages/saga/src/errors.ts';
import { createGateway } from '../platform/stand-in/gateway.ts';
import { placeBot, userNamed } from '../support/deletions.ts';
import { createLab, deleteToRest } from '../support/lab.ts';
import { type LateAfter, lateAfter } from '../support/late-settlement.ts';

const BALANCE_PATH = 'paperWallet';

it.each<{ after: LateAfter; isPaid: boolean }>([
  { after: 'nothing', isPaid: false },
  { after: 'before-the-unlock', isPaid: true },
  { after: 'the-unlock', isPaid: false },
  { after: 'the-receipt', isPaid: false },
])(
  'a late settlement at $after of the release: paid is $isPaid, and the tombstone says the same',
  async ({ after, isPaid }) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const before = (await userNamed(lab, bot.uid))[BALANCE_PATH].balance;
    const worker = await lab.worker(({ wallets }) => ({
      wallets: {
        ...wallets,
        settle: async () => {
          throw new HoldError('NEVER_ANSWERED', 'it is on its way');
        },
      },
    }));
    const stuck = await deleteToRest(worker, bot);
    expect(stuck.state.phase).toBe('stuck');
    const operator = await lab.worker((ports) => lateAfter(ports, stuck, after));
    const ordered = await operator.sagas.order(stuck.id, {
      verb: 'resolve',
      outcome: 'compensated',
      by: 'an admin',
      reason: 'seen to',
    });
    expect(ordered.status).toBe('ordered');
    const user = await userNamed(lab, bot.uid);
    expect(user[BALANCE_PATH].balance > before).toBe(isPaid);
    expect(user.botAllocations[bot.instanceId]?.lockedBy).toBeUndefined();
    const tombstones = await lab.connection.collection('tombstones').find().toArray();
    expect(tombstones.map(({ status }) => status)).toEqual([isPaid ? 'settled' : 'withdrawn']);
  },
);

it('the platform has paid, the ledger does not take it, and an operator ends it: the incarnation is settled all the same', async () => {
  const lab = await createLab();
  const gateway = createGateway(lab.connection);
  const bot = await placeBot(lab, 'dedicated');
  const worker = await lab.worker(({ bots, ledger }) => ({
    bots: {
      ...bots,
      stop: async (...asked) => {
        const outcome = await bots.stop(...asked);
        await gateway.payBack(await gateway.read(bot.uid), bot.instanceId);
        return outcome;
      },
    },
    ledger: {
      ...ledger,
      post: async () => {
        throw new HoldError('LEDGER_DIFFERS', 'nobody can say why');
      },
    },
  }));
  const stuck = await deleteToRest(worker, bot);
  expect(stuck.state).toMatchObject({ phase: 'stuck', warnings: [{ code: 'paid-by-platform' }] });
  const operator = await lab.worker();
  const ordered = await operator.sagas.order(stuck.id, {
    verb: 'resolve',
    outcome: 'completed',
    by: 'an admin',
    reason: 'seen to',
  });
  expect(ordered.status).toBe('ordered');
  const tombstones = await lab.connection.collection('tombstones').find().toArray();
  expect(tombstones.map(({ status }) => status)).toEqual(['settled']);
  const entries = await lab.connection.collection('ledger').find({ sagaId: stuck.id }).toArray();
  expect(entries).toMatchObject([{ source: 'platform', botId: bot.instanceId }]);
});
