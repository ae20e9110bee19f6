// An operator ends a provision, and its release is made only after a deletion of its bot: what it had set aside is in the
// books all the same (I11).

import { expect, it } from 'vitest';
import { HoldError, TerminalError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { releaseOwed } from '../../packages/saga/src/queue/release-relay.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createProvisionBotSaga, PROVISION_BOT } from '../../src/provisioning/provision-bot.ts';
import type { ProvisionBotInput } from '../../src/provisioning/provision-bot-input.ts';
import { NOTHING_OBSERVED } from '../../src/tombstones/tombstones.ts';
import type { Ledger } from '../../src/wallet/ledger.ts';
import type { TestApplication } from '../support/application.ts';
import { allOf, userNamed } from '../support/deletions.ts';
import { setUpProvisioning, UID } from '../support/provisions.ts';
import { byId, incarnationOf, SAGA_B, users } from '../support/users.ts';
import { pay } from '../support/wallet-commands.ts';

const BOT = toInstanceId(`${UID}-bot-1`);

type Worker = Awaited<ReturnType<typeof createTestEngine>>;

async function provisionUntilStuck(app: TestApplication, worker: Worker) {
  const userId = toUserId(String((await userNamed(app, UID))._id));
  const { saga } = await worker.sagas.start({
    ...{ kind: PROVISION_BOT, subject: userId, requestedBy: 'a test' },
    input: {
      ...{ userId, firebaseUid: toFirebaseUid(UID), instanceId: BOT, botName: 'Alpha' },
      ...{ allocatedAmount: 250.5, amountMinor: 25_050, image: null },
      ...{ startTimeoutMs: 2_000, undoTimeoutMs: 1_000 },
    } satisfies ProvisionBotInput,
  });
  expect((await worker.runToRest(saga.id)).state.phase).toBe('stuck');
  return { saga, userId };
}

it('the ledger is away when it is ended, and the bot is deleted before it is there again: both are in the ledger', async () => {
  const app = await setUpProvisioning({ env: { WORKERS: 'none' } });
  const ports = app.services.deletionPorts;
  const { wallets, tombstones } = ports;
  const process = (postReservation: Ledger['postReservation']) => {
    const ledger = { ...ports.ledger, postReservation };
    const definitions = [createProvisionBotSaga({ ...ports, ledger })];
    return createTestEngine({ definitions, db: app.db });
  };
  const worker = await process(async () => {
    throw new HoldError('REFUSED', 'nobody can say why');
  });
  const { saga, userId } = await provisionUntilStuck(app, worker);

  let isAway = true;
  const operator = await process(async (entry) => {
    if (isAway) throw new UnavailableError('AWAY', 'a failover');
    return ports.ledger.postReservation(entry);
  });
  const order = { verb: 'resolve', outcome: 'completed', by: 'ann', reason: 'seen to' } as const;
  expect(await operator.sagas.order(saga.id, order)).toMatchObject({ status: 'ordered' });

  const allocation = await wallets.readAllocation(userId, BOT);
  if (allocation.status !== 'present') throw new Error('nothing was set aside');
  const incarnation = incarnationOf(userId, BOT, allocation.allocation.incarnationId ?? '');
  const deletion = { incarnation, sagaId: SAGA_B, epoch: 1 };
  const seen = { ...NOTHING_OBSERVED, firebaseUid: null, slot: null, hadAllocation: true };
  await tombstones.open({ ...deletion, ...seen, mayTakeOver: [] });
  const receipt = await pay(wallets, userId, { instanceId: BOT, incarnation, sagaId: SAGA_B });
  await tombstones.settle(deletion);
  await ports.ledger.post({ receipt, firebaseUid: null, sagaId: SAGA_B });

  isAway = false;
  await operator.pass(60_000);
  await releaseOwed({ ...operator, onError: () => undefined }, new AbortController().signal);
  const entries = (await allOf(app, 'ledger')).map(({ type, sagaId }) => [type, sagaId]);
  expect(entries.sort()).toEqual([
    ['allocate', saga.id],
    ['deallocate', SAGA_B],
  ]);
  expect(await tombstones.findForBot(userId, BOT)).toMatchObject([{ sagaId: SAGA_B }]);
});

it('the account is gone when the way back of a provision is ended: written off, and what was started is the janitor’s', async () => {
  const app = await setUpProvisioning({ env: { WORKERS: 'none' } });
  const ports = app.services.deletionPorts;
  const engineWith = (change: Partial<typeof ports>) =>
    createTestEngine({
      definitions: [createProvisionBotSaga({ ...ports, ...change })],
      db: app.db,
    });
  const worker = await engineWith({
    bots: {
      ...ports.bots,
      start: async () => {
        throw new TerminalError('NO_IMAGE', 'it can never start');
      },
    },
    ledger: {
      ...ports.ledger,
      postReservation: async () => {
        throw new HoldError('REFUSED', 'nobody can say why');
      },
    },
  });
  const { saga, userId } = await provisionUntilStuck(app, worker);
  await users(app.db).deleteOne(byId(userId));

  const operator = await engineWith({});
  const order = { verb: 'resolve', outcome: 'compensated', by: 'ann', reason: 'gone' } as const;
  expect(await operator.sagas.order(saga.id, order)).toMatchObject({ status: 'ordered' });
  const entries = (await allOf(app, 'ledger')).map(({ type, sagaId }) => [type, sagaId]);
  expect(entries.sort()).toEqual([
    ['allocate', saga.id],
    ['write-off', saga.id],
  ]);
  const standing = await ports.tombstones.findForBot(userId, BOT);
  expect(standing).toMatchObject([{ sagaId: saga.id, status: 'settled' }]);
});
