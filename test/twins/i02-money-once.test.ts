// I2: one settlement per incarnation, and nobody ever sees half of it.

import { randomUUID } from 'node:crypto';
import type { Connection } from 'mongoose';
import { HoldError } from '../../packages/saga/src/errors.ts';
import { STORED_VALUES } from '../../src/bots/bot-valuation.ts';
import type { DeletionPorts } from '../../src/deletion/steps/step-ports.ts';
import type { UserId } from '../../src/domain/ids.ts';
import { NO_PAST } from '../../src/wallet/mongodb/bot-pasts.ts';
import { createMongoLedger } from '../../src/wallet/mongodb/ledger.ts';
import { createMongoWallets } from '../../src/wallet/mongodb/wallets.ts';
import { restoreOpId } from '../../src/wallet/restorations.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { placeBot, userNamed } from '../support/deletions.ts';
import {
  allocation,
  BOT,
  byId,
  platformSets,
  readUser,
  SAGA_A,
  SAGA_B,
  stamped,
  users,
} from '../support/users.ts';
import { lockCommand, pay, settleCommand, setUpWallet } from '../support/wallet-commands.ts';
import { breaches, twinsOf } from './bite.ts';
import { createLab } from './support/lab.ts';
import { deleteToRest } from './support/lab-sagas.ts';
import { lateAfter } from './support/late-settlement.ts';
import { seenByReaders } from './support/observed-by-readers.ts';

/** The lock goes when everything else is done. */
function unlockLast(
  { tombstones }: DeletionPorts,
  wallets: Wallets,
): Pick<DeletionPorts, 'wallets' | 'tombstones'> {
  let unlock = async () => undefined as unknown;
  return {
    wallets: {
      ...wallets,
      unlock: async (target) => {
        unlock = () => wallets.unlock(target);
        return 'absent';
      },
    },
    tombstones: {
      ...tombstones,
      withdraw: async (target) => {
        await unlock();
        await tombstones.withdraw(target);
      },
    },
  };
}

const BALANCE = 50;
const VALUE = 110;
const BOT_PATH = `botAllocations.${BOT}`;

twinsOf('I2', {
  // The settlement is sent again after the platform has saved its copy from before it, lock and all.
  'no-op-id-check': async (part) => {
    const { connection, userId, wallets } = await setUp();
    const paying = part === 'twin' ? everyOrderIsNew(wallets) : wallets;
    await wallets.lock(lockCommand(userId));
    const copy = (await readUser(connection, userId)).botAllocations[BOT];
    await paying.settle(settleCommand(userId));
    await platformSets(connection, userId, { [BOT_PATH]: copy });
    await paying.settle(settleCommand(userId));
    const times = ((await balanceOf(connection, userId)) - BALANCE) / VALUE;
    return times === 1 ? [] : [`paid ${times} times`];
  },

  // The wallet says 110, which nobody has touched since; the bot has lost most of it.
  'a-stored-copy-for-the-value': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    await lab.world.setLiveValue(bot.instanceId, 40);
    const twist = { ports: () => ({ valuation: STORED_VALUES }) };
    const engine = await lab.worker(part === 'twin' ? twist : {});
    await deleteToRest(engine, bot);
    const paid = (await balanceOf(lab.connection, bot.userId)) - BALANCE;
    return paid === 40 ? [] : [`paid ${paid}, and the bot was worth 40`];
  },

  // An operator ends a stuck deletion. Its settlement arrives right after the release has asked for the receipt.
  'release-that-asks-before-it-unlocks': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const lost = async () => {
      throw new HoldError('NEVER_ANSWERED', 'it is on its way');
    };
    const worker = await lab.worker({
      ports: ({ wallets }) => ({ wallets: { ...wallets, settle: lost } }),
    });
    const stuck = await deleteToRest(worker, bot);
    const operator = await lab.worker({
      ports: (ports) => {
        const { wallets } = lateAfter(ports, stuck, 'the-receipt');
        return part === 'twin' ? unlockLast(ports, wallets) : { wallets };
      },
    });
    const order = {
      verb: 'resolve',
      outcome: 'compensated',
      by: 'a test',
      reason: 'observed',
    } as const;
    await operator.sagas.order(stuck.id, order);
    const receipts = (await userNamed(lab, bot.uid)).ledgerState?.settled ?? [];
    const [tombstone] = await lab.connection.collection('tombstones').find().toArray();
    return breaches({
      'the scenario has no tombstone': tombstone === undefined,
      'paid, and the tombstone was withdrawn':
        receipts.length > 0 && tombstone?.status === 'withdrawn',
    });
  },

  'settlement-in-two-updates': async (part) => {
    const { connection, userId, wallets } = await setUp();
    const paying = part === 'twin' ? inTwoUpdates(connection, wallets) : wallets;
    await wallets.lock(lockCommand(userId));
    const observed = await seenByReaders(connection, userId, () =>
      paying.settle(settleCommand(userId)),
    );
    return breaches({
      'the scenario has not paid': observed.at(-1)?.paperWallet.balance !== BALANCE + VALUE,
      'a reader saw one without the other': !observed.every(
        ({ paperWallet, botAllocations, walletTransactions }) => {
          const isPaid = paperWallet.balance !== BALANCE;
          const isTaken = botAllocations[BOT] === undefined;
          return isPaid === isTaken && isPaid === walletTransactions.length > 0;
        },
      ),
    });
  },

  // Between lock and settlement the platform has made a new bot of the same id, and kept the lock.
  'settlement-of-any-incarnation': async (part) => {
    const { connection, userId, wallets } = await setUp();
    const paying = part === 'twin' ? anyIncarnation(wallets) : wallets;
    await wallets.lock(lockCommand(userId));
    const allocatedAt = new Date('2026-11-11T11:11:11Z');
    await platformSets(connection, userId, { [`${BOT_PATH}.allocatedAt`]: allocatedAt });
    await paying.settle(settleCommand(userId));
    const isPaid = (await balanceOf(connection, userId)) !== BALANCE;
    return breaches({ 'the money of another incarnation was paid': isPaid });
  },

  // Settled and posted; a day later the receipt is dropped; then the platform saves its list and its map from before.
  'incarnations-known-by-the-document-alone': async (part) => {
    const undated = allocation(100, VALUE, { allocatedAt: undefined });
    const create = (connection: Connection) =>
      createMongoWallets({
        connection,
        ...(part === 'twin' && { findPast: async () => NO_PAST }),
      });
    const { connection, userId, wallets } = await setUpWallet(create, BALANCE, undated);
    const receipt = await pay(wallets, userId, { incarnation: stamped(userId) });
    await createMongoLedger({ connection }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    await platformSets(connection, userId, {
      'ledgerState.settled': [],
      walletTransactions: [],
      [BOT_PATH]: undated,
    });
    const incarnation = stamped(userId, SAGA_B);
    await wallets.lock(lockCommand(userId, { sagaId: SAGA_B, incarnation }));
    await wallets.settle(settleCommand(userId, { sagaId: SAGA_B, incarnation }));
    const times = ((await balanceOf(connection, userId)) - BALANCE) / VALUE;
    return times === 1 ? [] : [`paid ${times} times`];
  },

  // A stale save has set the balance back to what it was before the payment; two administrators click.
  'a-restoration-for-every-click': async (part) => {
    const { connection, userId, wallets } = await setUp();
    const receipt = await pay(wallets, userId);
    await createMongoLedger({ connection }).post({ receipt, firebaseUid: null, sagaId: SAGA_A });
    await platformSets(connection, userId, { 'paperWallet.balance': BALANCE });
    const again = { $inc: { 'paperWallet.balance': VALUE } };
    const order = { opId: restoreOpId('finding'), userId, undone: [receipt.opId] };
    for (let click = 0; click < 2; click += 1) {
      if (part === 'twin') await users(connection).updateOne(byId(userId), again);
      else await wallets.restore(order);
    }
    // Another finding that names the same receipt gives it back no second time.
    if (part === 'real') await wallets.restore({ ...order, opId: restoreOpId('another') });
    const times = ((await balanceOf(connection, userId)) - BALANCE) / VALUE;
    return times === 1 ? [] : [`restored ${times} times`];
  },
});

function setUp() {
  const create = (connection: Connection) => createMongoWallets({ connection });
  return setUpWallet(create, BALANCE, allocation(100, VALUE));
}

async function balanceOf(connection: Connection, userId: UserId): Promise<number> {
  return (await readUser(connection, userId)).paperWallet.balance;
}

function everyOrderIsNew(wallets: Wallets): Wallets {
  const settle: Wallets['settle'] = (command) =>
    wallets.settle({ ...command, opId: `${command.opId}.${randomUUID()}` });
  return { ...wallets, settle };
}

function inTwoUpdates(connection: Connection, wallets: Wallets): Wallets {
  return {
    ...wallets,
    settle: async (command) => {
      const user = byId(command.userId);
      await users(connection).updateOne(user, { $inc: { 'paperWallet.balance': VALUE } });
      const row = { type: 'deallocate', amount: VALUE, opId: command.opId };
      const taken = { $unset: { [BOT_PATH]: 1 }, $push: { walletTransactions: row } };
      await users(connection).updateOne(user, taken as object);
      return { status: 'absent' };
    },
  };
}

function anyIncarnation(wallets: Wallets): Wallets {
  return {
    ...wallets,
    settle: async (command) => {
      const reading = await wallets.readAllocation(command.userId, command.instanceId);
      const incarnationId = reading.status === 'present' ? reading.allocation.incarnationId : null;
      const incarnation = {
        ...command.incarnation,
        ...(incarnationId !== null && { incarnationId }),
      };
      return wallets.settle({ ...command, incarnation });
    },
  };
}
