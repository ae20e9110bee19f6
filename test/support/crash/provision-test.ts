// The world that a provision is crashed in. Each run has a user of its
// own with 1000 in the wallet and one empty pool; the bot is to get 250.50 of it.

import type { Json } from '../../../packages/saga/src/json.ts';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { CrashTest } from '../../../packages/saga/src/testing/index.ts';
import { type InstanceId, toInstanceId } from '../../../src/domain/ids.ts';
import { createProvisionBotSaga } from '../../../src/provisioning/provision-bot.ts';
import type { ProvisionBotInput } from '../../../src/provisioning/provision-bot-input.ts';
import { emptyPool, poolName, poolStateWith } from '../provisions.ts';
import {
  type BotWorld,
  createBotWorld,
  differences,
  expectOneEnd,
  type Outside,
} from './bot-world.ts';
import type { CrashServices } from './crash-services.ts';

/** Longer than all deaths of one saga take together by its clock: no deadline decides here. */
const A_DAY_MS = 24 * 3_600_000;

interface Placed {
  readonly world: BotWorld;
  readonly instanceId: InstanceId;
  readonly before: Outside;
}

export function provisionTest(services: CrashServices): CrashTest<Json, Placed> {
  return {
    begin: () => place(services),
    input: ({ world: { userId, firebaseUid }, instanceId }) =>
      ({
        userId,
        firebaseUid,
        instanceId,
        botName: 'Alpha',
        allocatedAmount: 250.5,
        amountMinor: 25_050,
        image: null,
        startTimeoutMs: A_DAY_MS,
        undoTimeoutMs: A_DAY_MS,
      }) satisfies ProvisionBotInput,
    define: ({ world }, wire, process) => createProvisionBotSaga(world.ports(wire, process)),
    check: async ({ world, before, instanceId }, end) =>
      judge(end, before, await world.read(), instanceId),
    close: ({ world }) => world.close(),
  };
}

let placed = 0;

async function place(services: CrashServices): Promise<Placed> {
  placed += 1;
  const uid = `uid-p${placed}`;
  const world = await createBotWorld(services, uid, {
    balance: 1000,
    allocations: {},
    poolState: poolStateWith(emptyPool({ uid })),
    poolContainer: poolName(uid),
  });
  return { world, instanceId: toInstanceId(`${uid}-bot-1`), before: await world.read() };
}

/** The money set aside once and one bot that runs; or all as it was, the money never taken or given back. */
function judge(saga: SagaRecord, before: Outside, observed: Outside, bot: string): void {
  const { pools, botMapping } = observed.pools;
  const inPools = {
    bots: observed.bots.map(({ instanceId, conf, program }) => [instanceId, conf, program]),
    slots: Object.values(pools).map((pool) => pool.bots),
    mapped: Object.entries(botMapping).map(([id, { status, port }]) => [id, status, port]),
  };
  const done = [
    ...differences(money(observed), {
      balance: 749.5,
      allocated: [[bot, 250.5]],
      rows: ['allocate -250.5 -> 749.5'],
      entries: [-25_050],
      tombstones: [],
    }),
    ...differences(inPools, {
      bots: [[bot, 'present', 'RUNNING']],
      slots: [[bot]],
      mapped: [[bot, 'running', 9000]],
    }),
  ];
  const isUntouched = observed.user.walletTransactions.length === 0;
  const { pools: poolsBefore, bots } = before;
  const undone = isUntouched
    ? differences(observed, before)
    : [
        ...differences(money(observed), {
          balance: 1000,
          allocated: [],
          rows: ['allocate -250.5 -> 749.5', 'deallocate 250.5 -> 1000'],
          entries: [-25_050, 25_050],
          tombstones: ['ended'],
        }),
        ...differences(observed, { pools: poolsBefore, bots }),
      ];
  expectOneEnd(saga, done, undone);
}

function money({ user, ledger, tombstones }: Outside) {
  const allocations: Record<string, { allocatedAmount: number }> = user.botAllocations;
  const rows: Record<string, unknown>[] = user.walletTransactions;
  return {
    balance: user.paperWallet.balance,
    allocated: Object.entries(allocations).map(([id, { allocatedAmount }]) => [
      id,
      allocatedAmount,
    ]),
    rows: rows.map(({ type, amount, balanceAfter }) => `${type} ${amount} -> ${balanceAfter}`),
    entries: ledger.map(({ amountMinor }) => Number(amountMinor)).sort((a, b) => a - b),
    tombstones: tombstones.map(({ status }) => status),
  };
}
