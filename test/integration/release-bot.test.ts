// An operator ends a stuck deletion while its settlement, sent long ago, may still land: either it lands and the
// tombstone says so, or it never does (I2).

import { expect, it } from 'vitest';
import { HoldError, UnavailableError } from '../../packages/saga/src/errors.ts';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import { releaseOwed } from '../../packages/saga/src/queue/release-relay.ts';
import { createGateway } from '../platform/stand-in/gateway.ts';
import { placeBot, userNamed } from '../support/deletions.ts';
import { createLab, deleteToRest } from '../support/lab.ts';
import { type LateAfter, lateAfter } from '../support/late-settlement.ts';
import { byId, SAGA_B, users } from '../support/users.ts';

const BALANCE_PATH = 'paperWallet';

type Lab = Awaited<ReturnType<typeof createLab>>;
type Operator = Awaited<ReturnType<Lab['worker']>>;

async function resolveAs(
  operator: Operator,
  stuck: SagaRecord,
  outcome: 'completed' | 'compensated',
): Promise<void> {
  const order = { verb: 'resolve', outcome, by: 'an admin', reason: 'seen to' } as const;
  expect(await operator.sagas.order(stuck.id, order)).toMatchObject({ status: 'ordered' });
}

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
    await resolveAs(operator, stuck, 'compensated');
    const user = await userNamed(lab, bot.uid);
    expect(user[BALANCE_PATH].balance > before).toBe(isPaid);
    expect(user.botAllocations[bot.instanceId]?.lockedBy).toBeUndefined();
    const tombstones = await lab.db.collection('tombstones').find().toArray();
    expect(tombstones.map(({ status }) => status)).toEqual([isPaid ? 'settled' : 'withdrawn']);
  },
);

it('the platform has paid, the ledger does not take it, and an operator ends it: the incarnation is settled all the same', async () => {
  const lab = await createLab();
  const gateway = createGateway(lab.db);
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
  await resolveAs(operator, stuck, 'completed');
  const tombstones = await lab.db.collection('tombstones').find().toArray();
  expect(tombstones.map(({ status }) => status)).toEqual(['settled']);
  const entries = await lab.db.collection('ledger').find({ sagaId: stuck.id }).toArray();
  expect(entries).toMatchObject([{ source: 'platform', botId: bot.instanceId }]);
});

it.each(['the lock', 'the ledger'])(
  '%s is away when an operator ends a deletion that has paid: released by the relay, and in the books',
  async (what) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const worker = await lab.worker(({ ledger, tombstones }) => ({
      ledger: { ...ledger, post: refuse },
      tombstones: { ...tombstones, settle: refuse },
    }));
    const stuck = await deleteToRest(worker, bot);
    expect(stuck.state).toMatchObject({ phase: 'stuck', cause: { step: 'write-transaction' } });
    let isAway = true;
    const away = async () => {
      throw new UnavailableError('AWAY', 'a failover');
    };
    const operator = await lab.worker(({ wallets, ledger }) => ({
      wallets: {
        ...wallets,
        unlock: (target) => (isAway && what === 'the lock' ? away() : wallets.unlock(target)),
      },
      ledger: {
        ...ledger,
        post: (entry) => (isAway && what === 'the ledger' ? away() : ledger.post(entry)),
      },
    }));
    await resolveAs(operator, stuck, 'completed');
    isAway = false;
    const entries = () => lab.db.collection('ledger').find({ sagaId: stuck.id }).toArray();
    expect(await entries()).toEqual([]);
    await operator.pass(60_000);
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    await releaseOwed({ ...operator, onError }, new AbortController().signal);
    expect(errors).toEqual([]);
    expect(await entries()).toMatchObject([{ source: 'reclaim', botId: bot.instanceId }]);
    const tombstones = await lab.db.collection('tombstones').find().toArray();
    expect(tombstones.map(({ status }) => status)).toEqual(['settled']);
  },
);

it('another deletion has taken its tombstone over before it is released: what it has paid is in the books all the same', async () => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  const worker = await lab.worker(({ ledger }) => ({ ledger: { ...ledger, post: refuse } }));
  const stuck = await deleteToRest(worker, bot);
  const operator = await lab.worker(({ wallets }) => {
    let isAway = true;
    const unlock: typeof wallets.unlock = async (target) => {
      if (!isAway) return wallets.unlock(target);
      isAway = false;
      throw new UnavailableError('AWAY', 'a failover');
    };
    return { wallets: { ...wallets, unlock } };
  });
  await resolveAs(operator, stuck, 'completed');
  // As one does that had read the allocation before the payment: it finds it settled, and goes back.
  await lab.db
    .collection('tombstones')
    .updateMany({}, { $set: { sagaId: SAGA_B, status: 'open' } });
  await operator.pass(60_000);
  await releaseOwed({ ...operator, onError: () => undefined }, new AbortController().signal);
  const entries = await lab.db.collection('ledger').find({ sagaId: stuck.id }).toArray();
  expect(entries).toMatchObject([{ type: 'deallocate', botId: bot.instanceId }]);
});

it('the account is gone when it would have paid, and an operator ends it before the write-off: it is in the books', async () => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  const worker = await lab.worker(({ bots, ledger }) => ({
    bots: {
      ...bots,
      stop: async (...asked) => {
        const outcome = await bots.stop(...asked);
        await users(lab.db).deleteOne(byId(bot.userId));
        return outcome;
      },
    },
    ledger: { ...ledger, writeOff: refuse },
  }));
  const stuck = await deleteToRest(worker, bot);
  expect(stuck.state).toMatchObject({ phase: 'stuck', warnings: [{ code: 'account-gone' }] });
  const operator = await lab.worker();
  await resolveAs(operator, stuck, 'completed');
  const entries = await lab.db.collection('ledger').find({ sagaId: stuck.id }).toArray();
  expect(entries).toMatchObject([{ type: 'write-off', botId: bot.instanceId }]);
  const [tombstone] = await lab.db.collection('tombstones').find().toArray();
  expect(tombstone).toMatchObject({ status: 'settled' });
});

it.each<['running' | 'unlocked', string]>([
  ['running', 'the tombstone is the janitor’s'],
  ['unlocked', 'no tombstone was opened, and none is'],
])(
  'the account is gone before anything was paid, and an operator ends it (%s): written off, and %s',
  async (when) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const worker = await lab.worker(({ wallets, tombstones }) => ({
      wallets: { ...wallets, settle: refuse },
      ...(when === 'unlocked' && { tombstones: { ...tombstones, open: refuse } }),
    }));
    const stuck = await deleteToRest(worker, bot);
    expect(stuck.state.phase).toBe('stuck');
    await users(lab.db).deleteOne(byId(bot.userId));
    const operator = await lab.worker();
    await resolveAs(operator, stuck, 'compensated');
    const entries = await lab.db.collection('ledger').find({ sagaId: stuck.id }).toArray();
    expect(entries).toMatchObject([{ type: 'write-off', botId: bot.instanceId }]);
    const tombstones = await lab.db.collection('tombstones').find().toArray();
    expect(tombstones.map(({ status }) => status)).toEqual([
      when === 'running' ? 'settled' : 'withdrawn',
    ]);
  },
);

const refuse = async () => {
  throw new HoldError('REFUSED', 'nobody can say why');
};
