// The worlds that a deletion, or the reclaiming of an orphan, is crashed in: a program, a container, an orphan, an
// orphan whose bot is back. Each run has a user of its own with 50 in the wallet and a bot worth 110.

import type { SagaDefinition } from '../../../packages/saga/src/definition.ts';
import type { Json } from '../../../packages/saga/src/json.ts';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import {
  type CrashTest,
  failing,
  failingLater,
  NO_TROUBLE,
} from '../../../packages/saga/src/testing/index.ts';
import { createDeleteBotSaga, DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import type { DeleteBotInput } from '../../../src/deletion/delete-bot-input.ts';
import { createReclaimOrphanSaga, RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import { type DeletionPorts, STEP } from '../../../src/deletion/steps/step-ports.ts';
import { toInstanceId } from '../../../src/domain/ids.ts';
import { createAbsence } from '../../../src/sync/observe-bot.ts';
import { poolStateOf } from '../deletions.ts';
import { allocation, INCARNATION } from '../users.ts';
import {
  type BotWorld,
  createBotWorld,
  differences,
  expectOneEnd,
  type Outside,
} from './bot-world.ts';
import type { CrashServices } from './crash-services.ts';

/** Longer than all deaths of one saga take together by its clock: no policy decides here. */
const STOP_TIMEOUT_MS = 24 * 3_600_000;

type Kind = 'pooled' | 'dedicated' | 'nowhere';

export function deletionTests(services: CrashServices): readonly CrashTest<Json, Placed>[] {
  const test = (kind: Kind) => testOf(services, kind, DELETE_BOT, deletionOn);
  const once = { faults: 'one' } as const;
  return [
    test('pooled'),
    {
      ...test('dedicated'),
      troubles: [
        { ...NO_TROUBLE, ...once },
        { ...failing(STEP.refund, 'before'), ...once },
      ],
    },
  ];
}

export function reclaimTests(services: CrashServices): readonly CrashTest<Json, Placed>[] {
  const test = (kind: Kind) => testOf(services, kind, RECLAIM_ORPHAN, reclaimOn);
  return [
    // The bot is back when the worker comes that follows the first.
    { ...test('nowhere'), troubles: [NO_TROUBLE, failingLater(STEP.refund)] },
    { ...test('pooled'), troubles: [{ ...NO_TROUBLE, title: 'the bot is back', ends: 'undone' }] },
  ];
}

function deletionOn(ports: DeletionPorts): SagaDefinition {
  return createDeleteBotSaga(ports);
}

function reclaimOn(ports: DeletionPorts): SagaDefinition {
  return createReclaimOrphanSaga(ports, createAbsence(ports));
}

let placed = 0;

interface Placed {
  readonly world: BotWorld;
  readonly bot: string;
  readonly before: Outside;
}

async function place(services: CrashServices, kind: Kind): Promise<Placed> {
  placed += 1;
  const uid = `uid-c${placed}`;
  const bot = `${uid}-bot-2`;
  const containerName = `freqtrade-pool-${uid}-pool-1`;
  const state = poolStateOf(uid);
  const world = await createBotWorld(services, uid, {
    balance: 50,
    allocations: { [bot]: allocation(100, 110) },
    poolState: kind === 'dedicated' ? { ...state, ...without(state, bot) } : state,
    poolContainer: containerName,
  });
  const { simulated } = world;
  await simulated.addPooled({ instanceId: `${uid}-bot-1`, containerName });
  if (kind === 'pooled') await simulated.addPooled({ instanceId: bot, containerName });
  if (kind === 'dedicated') {
    await simulated.addDedicated({ instanceId: bot, labels: { instanceId: bot, userId: uid } });
  }
  return { world, bot, before: await world.read() };
}

function testOf(
  services: CrashServices,
  kind: Kind,
  saga: typeof DELETE_BOT | typeof RECLAIM_ORPHAN,
  definitionOn: (ports: DeletionPorts) => SagaDefinition,
): CrashTest<Json, Placed> {
  return {
    begin: () => place(services, kind),
    input: ({ world: { userId, firebaseUid }, bot }) =>
      ({
        userId,
        firebaseUid,
        instanceId: toInstanceId(bot),
        onStopFailure: 'restore',
        stopTimeoutMs: STOP_TIMEOUT_MS,
        ...(saga === RECLAIM_ORPHAN && { orphan: { incarnationId: INCARNATION } }),
      }) satisfies DeleteBotInput,
    define: ({ world }, wire, process) => definitionOn(world.ports(wire, process)),
    check: async ({ world, before, bot }, end) => judge(end, before, await world.read(), bot),
    close: ({ world }) => world.close(),
  };
}

/** 110 more in the wallet, one row and one entry that say so, and nothing left of the bot; or all as it was. */
function judge(saga: SagaRecord, before: Outside, observed: Outside, bot: string): void {
  const { user, ledger, tombstones } = observed;
  const { botAllocations, walletTransactions, paperWallet } = before.user;
  const { [bot]: _, ...others } = botAllocations;
  const done = [
    ...differences(user, { botAllocations: others, kept: before.user.kept }),
    ...differences(user.paperWallet, { balance: paperWallet.balance + 110 }),
    ...differences(observed, {
      pools: without(before.pools, bot),
      bots: before.bots.filter(({ instanceId }) => instanceId !== bot),
    }),
    ...differences(
      {
        rows: user.walletTransactions.map(summary),
        entries: ledger.map(({ amountMinor }) => Number(amountMinor)),
        tombstones: tombstones.map(({ status }) => status),
      },
      {
        rows: [...walletTransactions.map(summary), 'deallocate 110 10 -> 160'],
        entries: [11_000],
        tombstones: ['ended'],
      },
    ),
  ];
  expectOneEnd(saga, done, differences(observed, before));
}

function summary({ type, amount, pnl, balanceAfter }: Record<string, unknown>): string {
  return `${type} ${amount} ${pnl} -> ${balanceAfter}`;
}

/** The pools, and the mapping, without this bot. */
function without({ pools, botMapping }: Outside['pools'], bot: string): Outside['pools'] {
  const { [bot]: _, ...mappings } = botMapping;
  const emptied = Object.entries(pools).map(([id, pool]) => {
    return [id, { ...pool, bots: pool.bots.filter((one) => one !== bot) }] as const;
  });
  return { pools: Object.fromEntries(emptied), botMapping: mappings };
}
