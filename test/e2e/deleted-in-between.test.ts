// A DELETE reads the wallet and the log beside each other, and another DELETE of the same bot begins and ends between the
// two reads: it is answered with that job, and nothing is reported that has not happened (I8, I9).

import { expect, it } from 'vitest';
import { createDeleteRequests, type DeleteRequest } from '../../src/deletion/delete-requests.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { startTestApplication } from '../support/application.ts';
import { allOf, deleteBot, ownEntries, placeBot } from '../support/deletions.ts';
import { allocation, platformSets } from '../support/users.ts';

type SetUp = Awaited<ReturnType<typeof setUp>>;

async function setUp(env: Record<string, string> = {}) {
  const app = await startTestApplication({ env });
  const bot = await placeBot(app, 'pooled');
  const { deletionPorts: ports, sagas, config } = app.services;
  const { onStopFailure, stopTimeoutMs, maxStopSeconds } = config;
  const request: DeleteRequest = {
    userId: bot.userId,
    firebaseUid: toFirebaseUid(bot.uid),
    instanceId: toInstanceId(bot.instanceId),
    requestedBy: 'a test',
    signal: new AbortController().signal,
  };
  return {
    app,
    bot,
    ports,
    sagas,
    request,
    policy: { onStopFailure, stopTimeoutMs, maxStopSeconds },
  };
}

it('the wallet was read before it, and the log after it: its job, and no finding of money that came back', async () => {
  const { app, bot, ports, sagas, request, policy } = await setUp();
  const { promise: isRead, resolve: read } = Promise.withResolvers<void>();
  const wallets: typeof ports.wallets = {
    ...ports.wallets,
    readAllocation: (...asked) => ports.wallets.readAllocation(...asked).finally(read),
  };
  const findByKey: typeof sagas.findByKey = async (...asked) => {
    await isRead;
    await deleteBot(app, bot);
    return sagas.findByKey(...asked);
  };
  const { request: send } = createDeleteRequests({
    ...policy,
    ports: { ...ports, wallets },
    sagas: { ...sagas, findByKey },
  });
  const outcome = await send(request);
  const [saga] = await allOf(app, 'sagas');
  expect(outcome).toMatchObject({ status: 'existing', saga: { id: saga?._id } });
  expect(await allOf(app, 'findings')).toEqual([]);
  expect(await ownEntries(app)).toHaveLength(1);
});

/** A request that reads the log before the other one begins, and the wallet when that has ended. */
function requestWhoseLogIsOld({ app, bot, ports, sagas, request, policy }: SetUp) {
  const { promise: isRead, resolve: read } = Promise.withResolvers<void>();
  let isFirst = true;
  const findByKey: typeof sagas.findByKey = (...asked) => sagas.findByKey(...asked).finally(read);
  const wallets: typeof ports.wallets = {
    ...ports.wallets,
    readAllocation: async (...asked) => {
      await isRead;
      if (isFirst) {
        isFirst = false;
        await deleteBot(app, bot);
      }
      return ports.wallets.readAllocation(...asked);
    },
  };
  const requests = createDeleteRequests({
    ...policy,
    ports: { ...ports, wallets },
    sagas: { ...sagas, findByKey },
  });
  return requests.request(request);
}

it('the log was read before it, and the wallet after it: its job, and not that there is no such bot', async () => {
  const world = await setUp();
  const outcome = await requestWhoseLogIsOld(world);
  const [saga] = await allOf(world.app, 'sagas');
  expect(outcome).toMatchObject({ status: 'existing', saga: { id: saga?._id } });
});

it('the same of a bot whose id was deleted before: the newer job', async () => {
  const world = await setUp();
  const { app, bot } = world;
  const first = await deleteBot(app, bot);
  const again = allocation(60, 61, { allocatedAt: new Date() });
  await platformSets(app.db, bot.userId, { [`botAllocations.${bot.instanceId}`]: again });
  const outcome = await requestWhoseLogIsOld(world);
  const jobs = (await allOf(app, 'sagas')).map(({ _id }) => String(_id));
  const newer = jobs.filter((id) => id !== first.body.jobId);
  expect(newer).toHaveLength(1);
  expect(outcome).toMatchObject({ status: 'existing', saga: { id: newer[0] } });
});

it('the same of a bot that could not be stopped, and still runs: its job, and no second one', async () => {
  const world = await setUp({ STOP_TIMEOUT_MS: '1000' });
  const { app, bot } = world;
  await app.world.injectFaults({ instanceId: bot.instanceId }, { refuseStop: true });
  const outcome = await requestWhoseLogIsOld(world);
  const jobs = await allOf(app, 'sagas');
  expect(jobs).toHaveLength(1);
  expect(outcome).toMatchObject({ status: 'existing', saga: { id: jobs[0]?._id } });
});
