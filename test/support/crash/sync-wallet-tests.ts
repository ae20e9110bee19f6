// The worlds that the synchronisation of one user is crashed in: a run that was asked for, which repairs, and one that a
// page begins, which only records. Each is repeated at the end, and the repetition finds nothing to do (I12).

import type { Json } from '../../../packages/saga/src/json.ts';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { CrashTest } from '../../../packages/saga/src/testing/index.ts';
import { SYNC_RESULT } from '../../../src/sync/sync-reports.ts';
import { createSyncWalletSaga } from '../../../src/sync/sync-wallet.ts';
import {
  confirmingKey,
  type SyncTrigger,
  type SyncWalletInput,
  syncOrder,
} from '../../../src/sync/sync-wallet-input.ts';
import { differences } from './bot-world.ts';
import type { CrashServices } from './crash-services.ts';
import { createSyncWorld, notRepaired, type SyncWorld } from './sync-world.ts';

export function syncWalletTests(services: CrashServices): readonly CrashTest<Json, SyncWorld>[] {
  const test = (trigger: SyncTrigger, check: CrashTest<Json, SyncWorld>['check']) => ({
    begin: () => createSyncWorld(services),
    input: (world: SyncWorld) => inputOf(world, trigger) satisfies SyncWalletInput,
    check,
    close: ({ world }: SyncWorld) => world.close(),
  });
  return [
    {
      ...test('explicit', checkRepaired),
      define: ({ ports, children }, wire, process) =>
        createSyncWalletSaga(ports(wire, process, children.running)),
    },
    {
      ...test('passive', checkRecorded),
      define: ({ ports, children }, wire, process) =>
        createSyncWalletSaga(ports(wire, process, children.waiting)),
    },
  ];
}

function inputOf(
  { world: { userId, firebaseUid } }: SyncWorld,
  trigger: SyncTrigger,
  after: string | null = null,
): SyncWalletInput {
  return { userId, firebaseUid, trigger, after, notBeforeMs: null };
}

async function checkRepaired(synced: SyncWorld, saga: SagaRecord): Promise<void> {
  const { bots, traces, children, world } = synced;
  await children.idle();
  expectNone([
    ...(await notRepaired(synced)),
    ...differences(await traces(saga.id), { suspects: [] }),
    ...differences(await sampled(synced, saga), { count: 1, valueMinor: 11_000, repaired: 1 }),
    ...differences(SYNC_RESULT.read(saga.result), {
      data: {
        runningBots: [bots.live, bots.lost],
        validAllocations: [bots.live, bots.lost],
        cleanedBots: [{ botId: bots.orphan, botName: 'Bot 1', returned: 110, pnl: 10 }],
        totalReturned: 110,
        newWalletBalance: 160,
        skipped: [],
      },
      rebuiltEntries: [bots.lost],
      removedEntries: [bots.stale],
    }),
  ]);
  const before = await world.read();
  const again = await children.runToRest(
    syncOrder(inputOf(synced, 'explicit', saga.id), 'a crash test'),
  );
  expectNone([
    ...(await notRepaired(synced)),
    ...differences(await world.read(), before),
    ...differences(SYNC_RESULT.read(again.result), {
      returnedMinor: 0,
      orphans: 0,
      ghosts: [],
      rebuiltEntries: [],
      removedEntries: [],
    }),
  ]);
}

/** Suspects, a sample, and one run that will decide: no bot, entry or wallet is touched. */
async function checkRecorded(synced: SyncWorld, saga: SagaRecord): Promise<void> {
  const { world, before, bots, traces, children, reclaimings } = synced;
  const confirming = await children.waiting.findByKey(confirmingKey(world.userId), 10);
  expectNone([
    ...differences(await world.read(), before),
    ...differences(await traces(saga.id), { suspects: [bots.orphan] }),
    ...differences(await sampled(synced, saga), { count: 1, valueMinor: 11_000, repaired: 0 }),
    ...differences(
      {
        confirming: confirming.map(({ state, requestedBy }) => [state.phase, requestedBy]),
        reclaimings: await reclaimings(bots.orphan),
      },
      { confirming: [['queued', `run:${saga.id}`]], reclaimings: [] },
    ),
  ]);
}

/** Two workers of one run at the same moment may write its sample twice, and write the same. */
async function sampled({ traces }: SyncWorld, { id }: SagaRecord): Promise<object> {
  const { samples } = await traces(id);
  const [first, ...others] = samples.map(({ count, valueMinor, repaired }) => {
    return { count, valueMinor: Number(valueMinor), repaired };
  });
  if (first === undefined) throw new Error('the run has left no sample');
  expectNone(others.flatMap((other) => differences(other, first)));
  return first;
}

function expectNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}
