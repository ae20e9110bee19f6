// What a provision meets: nobody stops it, a step fails for good, somebody cancels it. Each run has a user of its
// own with 1000 in the wallet and one empty pool; the bot is to get 250.50 of it.

import { TerminalError } from '../../../packages/saga/src/errors.ts';
import type {
  CrashCase,
  CrashScenario,
} from '../../../packages/saga/src/testing/crash/crash-scenario.ts';
import { deedOf, type Moment, pointOf } from '../../../packages/saga/src/testing/crash/points.ts';
import { toInstanceId } from '../../../src/domain/ids.ts';
import { createProvisionBotSaga, PROVISION_BOT } from '../../../src/provisioning/provision-bot.ts';
import { writeInput } from '../../../src/provisioning/provision-bot-input.ts';
import { STEP } from '../../../src/provisioning/provisioning-ports.ts';
import { emptyPool, poolName, poolStateWith } from '../provisions.ts';
import { createBotWorld, differences, type Outside, verdict } from './bot-world.ts';
import type { ServicesGround } from './crash-ground.ts';

/** Longer than all deaths of one saga take together by its clock: no deadline decides here. */
const A_DAY_MS = 24 * 3_600_000;

export function provisionScenarios(ground: ServicesGround): readonly CrashScenario[] {
  const scenario = (title: string, rest: Omit<CrashScenario, 'title' | 'begin'>) => ({
    title: `${PROVISION_BOT}, ${title}`,
    begin: () => begin(ground),
    ...rest,
  });
  const failing = (step: string, moment: Moment, faults: CrashScenario['faults']) =>
    scenario(`${step} fails for good ${moment} its effect`, {
      ends: 'undone',
      faults,
      twist: { at: pointOf(deedOf('run', step), moment), does: never },
    });
  return [
    scenario('a program', { ends: 'done', faults: 'two' }),
    failing(STEP.reserve, 'after', 'one'),
    failing(STEP.assign, 'after', 'one'),
    failing(STEP.start, 'after', 'one'),
    failing(STEP.activate, 'before', 'two'),
    scenario('it cannot be activated any more by who comes later', {
      ends: 'done',
      faults: 'two',
      twist: { at: pointOf(deedOf('run', STEP.activate), 'before'), does: never, isLater: true },
    }),
    scenario('cancelled in its last step before the activation', {
      ends: 'undone',
      faults: 'two',
      twist: { at: pointOf(deedOf('run', STEP.start), 'before'), does: 'cancel' },
    }),
  ];
}

const never = () => new TerminalError('NEVER', 'it cannot be done');

let begun = 0;

async function begin(ground: ServicesGround): Promise<CrashCase> {
  begun += 1;
  const uid = `uid-p${begun}`;
  const instanceId = toInstanceId(`${uid}-bot-1`);
  const world = await createBotWorld(ground, uid, {
    balance: 1000,
    allocations: {},
    poolState: poolStateWith(emptyPool({ uid })),
    poolContainer: poolName(uid),
  });
  const { userId, firebaseUid } = world;
  const before = await world.read();
  return {
    order: {
      kind: PROVISION_BOT,
      subject: userId,
      requestedBy: 'a test',
      input: writeInput({
        userId,
        firebaseUid,
        instanceId,
        botName: 'Alpha',
        allocatedAmount: 250.5,
        amountMinor: 25_050,
        image: null,
        startTimeoutMs: A_DAY_MS,
        undoTimeoutMs: A_DAY_MS,
      }),
    },
    define: (plan, process) => createProvisionBotSaga(world.ports(plan, process)),
    look: async () => judge(before, await world.read(), instanceId),
    close: world.close,
  };
}

/** The money set aside once and one bot that runs; or all as it was, the money never taken or given back. */
function judge(before: Outside, seen: Outside, bot: string) {
  const { pools, botMapping } = seen.pools;
  const inPools = {
    bots: seen.bots.map(({ instanceId, conf, program }) => [instanceId, conf, program]),
    slots: Object.values(pools).map((pool) => pool.bots),
    mapped: Object.entries(botMapping).map(([id, { status, port }]) => [id, status, port]),
  };
  const done = [
    ...differences(money(seen), {
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
  const isUntouched = seen.user.walletTransactions.length === 0;
  const { pools: poolsBefore, bots } = before;
  const undone = isUntouched
    ? differences(seen, before)
    : [
        ...differences(money(seen), {
          balance: 1000,
          allocated: [],
          rows: ['allocate -250.5 -> 749.5', 'deallocate 250.5 -> 1000'],
          entries: [-25_050, 25_050],
          tombstones: ['ended'],
        }),
        ...differences(seen, { pools: poolsBefore, bots }),
      ];
  return verdict(done, undone);
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
