// The worlds that the run over all users is crashed in: one that an administrator asked for, which follows its repairs, and
// one by the clock, which only schedules. A run reads everything there is, so each has the database to itself: what the one
// before has left is cleared, and they come one after the other.

import type { Db } from 'mongodb';
import type { Json } from '../../../packages/saga/src/json.ts';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import { type CrashTest, NO_TROUBLE } from '../../../packages/saga/src/testing/index.ts';
import type { UserId } from '../../../src/domain/ids.ts';
import { createSyncAllSaga } from '../../../src/sync/sync-all.ts';
import { type SyncAllInput, syncAllOrder } from '../../../src/sync/sync-all-input.ts';
import { confirmingKey } from '../../../src/sync/sync-wallet-input.ts';
import { allocation, byId, putUser, users } from '../users.ts';
import { differences } from './bot-world.ts';
import type { CrashServices } from './crash-services.ts';
import { createSyncWorld, notRepaired, type SyncWorld } from './sync-world.ts';

/** Of three users: one drifted in every way, one with an orphan, one whose bot lives. */
interface AllWorld {
  readonly first: SyncWorld;
  readonly orphaned: Orphaned;
  readonly db: Db;
}

interface Orphaned {
  readonly userId: UserId;
  readonly bot: string;
}

export function syncAllTests(services: CrashServices): readonly CrashTest<Json, AllWorld>[] {
  const test = (
    trigger: SyncAllInput['trigger'],
    children: 'running' | 'waiting',
    check: CrashTest<Json, AllWorld>['check'],
  ): CrashTest<Json, AllWorld> => ({
    begin: () => createAllWorld(services),
    input: orderOf(trigger).input,
    define: ({ first }, wire, process) =>
      createSyncAllSaga(first.ports(wire, process, first.children[children])),
    check,
    close: ({ first }) => first.world.close(),
  });
  return [
    test('explicit', 'running', checkRepaired),
    { ...test('passive', 'waiting', checkScheduled), troubles: [{ ...NO_TROUBLE, faults: 'one' }] },
  ];
}

function orderOf(trigger: SyncAllInput['trigger']) {
  return syncAllOrder({ trigger, dryRun: false, force: false }, 'a crash test');
}

const LEFT_BEHIND = [
  ...['users', 'ledger', 'tombstones', 'findings', 'suspects', 'runDrifts'],
  ...['sagas', 'simulatedBots', 'knownContainers'],
];

async function createAllWorld(services: CrashServices): Promise<AllWorld> {
  const { db } = services;
  await Promise.all(LEFT_BEHIND.map((name) => db.collection(name).deleteMany({})));
  const first = await createSyncWorld(services);
  const { firebaseUid: uid } = first.world;
  const [living, lone] = [`${uid}x-bot-1`, `${uid}y-bot-1`];
  const labels = { instanceId: living, userId: `${uid}x` };
  await first.world.simulated.addDedicated({ instanceId: living, labels });
  await putUser(db, {
    ...{ balance: 7, firebaseUid: `${uid}x` },
    bots: { [living]: allocation(5, 6) },
  });
  const userId = await putUser(db, {
    ...{ balance: 20, firebaseUid: `${uid}y` },
    bots: { [lone]: allocation(30, 40) },
  });
  return { first, orphaned: { userId, bot: lone }, db };
}

async function checkRepaired(all: AllWorld, saga: SagaRecord): Promise<void> {
  const { first, db } = all;
  await first.children.idle();
  expectNone([
    ...(await notAllRepaired(all)),
    ...(await notOneRunEach(all, saga, 'completed')),
    ...(await notReported(all, saga)),
  ]);
  const before = await everything(all);
  const again = await first.children.runToRest(orderOf('explicit'));
  expectNone([
    ...(await notAllRepaired(all)),
    ...differences(await everything(all), before),
    ...differences({ ...Object(again.result) }, { orphans: 0, scheduledUsers: 0, repaired: 0 }),
    ...differences(
      { suspects: await db.collection('suspects').find().toArray() },
      { suspects: [] },
    ),
  ]);
}

/** Suspects, one run of each user that drifted, and a sample: no bot, entry or wallet is touched. */
async function checkScheduled(all: AllWorld, saga: SagaRecord): Promise<void> {
  const { first, orphaned, db } = all;
  const { before, world, bots, reclaimings } = first;
  const suspects = await db.collection('suspects').find().sort({ _id: 1 }).toArray();
  expectNone([
    ...differences(await world.read(), before),
    ...differences(await walletOf(all, orphaned), { balance: 20, bots: [orphaned.bot] }),
    ...differences(
      {
        suspects: suspects.map(({ instanceId }) => instanceId).sort(),
        reclaimings: await reclaimings(bots.orphan),
      },
      { suspects: [bots.orphan, orphaned.bot].sort(), reclaimings: [] },
    ),
    ...(await notOneRunEach(all, saga, 'queued')),
    ...differences({ ...Object(saga.result) }, { orphans: 2, scheduledUsers: 2, repaired: null }),
    ...(await notSampled(all, saga, { count: 2, valueMinor: 15_000, repaired: 0 })),
  ]);
}

async function notAllRepaired(all: AllWorld): Promise<readonly string[]> {
  const { first, orphaned } = all;
  return [
    ...(await notRepaired(first)),
    ...differences(await walletOf(all, orphaned), { balance: 60, bots: [] }),
  ];
}

// A worker may die with its survey unwritten and the first runs of users begun: the next one surveys what those have left
// to do, and reports that.
async function notReported(all: AllWorld, saga: SagaRecord): Promise<readonly string[]> {
  const report = { ...Object(saga.result) };
  const { orphans: count, orphanValue, repaired } = report;
  const whole = { users: 3, orphans: 2, orphanValue: 150, repaired: 2, totalReturned: 150 };
  return [
    ...differences(report, { stoppedBy: null, ...(saga.epoch === 1 && whole) }),
    ...(await notSampled(all, saga, { count, valueMinor: orphanValue * 100, repaired })),
  ];
}

/** Of each user that drifted this run has begun one run, and no more. */
async function notOneRunEach(
  { first, orphaned }: AllWorld,
  { id }: SagaRecord,
  phase: string,
): Promise<readonly string[]> {
  const wrong = [first.world, orphaned].map(async ({ userId }) => {
    const runs = await first.children.waiting.findByKey(confirmingKey(userId), 10);
    const own = runs.filter(({ requestedBy }) => requestedBy === `run:${id}`);
    return differences({ runs: own.map(({ state }) => state.phase) }, { runs: [phase] });
  });
  return (await Promise.all(wrong)).flat();
}

/** Two workers of one run at the same moment may write its sample twice, and write the same. */
async function notSampled({ db }: AllWorld, { id: runId }: SagaRecord, wanted: object) {
  const found = await db.collection('orphanSamples').find({ runId }).toArray();
  const samples = found.map((one) => ({ ...one, valueMinor: Number(one.valueMinor) }));
  if (samples.length === 0) return ['the run has left no sample'];
  return samples.flatMap((sample) => differences(sample, wanted));
}

async function walletOf({ db }: AllWorld, { userId }: Orphaned) {
  const user = await users(db).findOne(byId(userId));
  return { balance: user?.paperWallet.balance, bots: Object.keys(user?.botAllocations ?? {}) };
}

/** What a run that finds nothing to do must leave as it was. */
async function everything({ db, first }: AllWorld) {
  const { pools } = await first.world.read();
  const ofAll = ['users', 'ledger', 'tombstones', 'findings', 'simulatedBots'];
  const contents = ofAll.map((name) => db.collection(name).find().toArray());
  return { pools, ...Object.fromEntries((await Promise.all(contents)).entries()) };
}

function expectNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}
