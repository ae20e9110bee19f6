// What a deletion, or the reclaiming of an orphan, meets: nobody stops it, a step fails for good, somebody
// cancels it, the orphan is seen again. Each run has a user of its own with 50 in the wallet and a bot worth 110.

import type { SagaDefinition } from '../../../packages/saga/src/definition.ts';
import { TerminalError } from '../../../packages/saga/src/errors.ts';
import type {
  CrashCase,
  CrashScenario,
} from '../../../packages/saga/src/testing/crash/crash-scenario.ts';
import { deedOf, type Moment, pointOf } from '../../../packages/saga/src/testing/crash/points.ts';
import { createDeleteBotSaga, DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import { writeInput } from '../../../src/deletion/delete-bot-input.ts';
import { createReclaimOrphanSaga, RECLAIM_ORPHAN } from '../../../src/deletion/reclaim-orphan.ts';
import { type DeletionPorts, STEP } from '../../../src/deletion/steps/step-ports.ts';
import { toInstanceId } from '../../../src/domain/ids.ts';
import { createAbsence } from '../../../src/reconciliation/look-at-bot.ts';
import { poolStateOf } from '../deletions.ts';
import { allocation, LIFE } from '../users.ts';
import { type BotWorld, createBotWorld, differences, type Outside, verdict } from './bot-world.ts';
import type { ServicesGround } from './crash-ground.ts';

/** Longer than all deaths of one saga take together by its clock: no policy decides here. */
const STOP_TIMEOUT_MS = 24 * 3_600_000;

type Kind = 'pooled' | 'dedicated';

export function deletionScenarios(ground: ServicesGround): readonly CrashScenario[] {
  const scenario = (title: string, kind: Kind, rest: Omit<CrashScenario, 'title' | 'begin'>) => ({
    title: `${DELETE_BOT}, ${title}`,
    begin: () => beginDeletion(ground, kind),
    ...rest,
  });
  const failing = (step: string, moment: Moment, faults: CrashScenario['faults']) =>
    scenario(`${step} fails for good ${moment} its effect`, 'pooled', {
      ends: 'undone',
      faults,
      twist: { at: pointOf(deedOf('run', step), moment), does: never },
    });
  return [
    scenario('a program', 'pooled', { ends: 'done', faults: 'two' }),
    scenario('a container', 'dedicated', { ends: 'done', faults: 'one' }),
    failing(STEP.lock, 'after', 'one'),
    failing(STEP.stop, 'after', 'one'),
    failing(STEP.pool, 'after', 'one'),
    failing(STEP.refund, 'before', 'two'),
    scenario('a container, its refund fails for good', 'dedicated', {
      ends: 'undone',
      faults: 'one',
      twist: PAYMENT_FAILS,
    }),
    scenario('the refund cannot be paid any more by who comes later', 'pooled', {
      ends: 'done',
      faults: 'two',
      twist: { ...PAYMENT_FAILS, isLater: true },
    }),
    scenario('cancelled in its last step before the refund', 'pooled', {
      ends: 'undone',
      faults: 'two',
      twist: { at: pointOf(deedOf('run', STEP.pool), 'before'), does: 'cancel' },
    }),
  ];
}

export function reclaimScenarios(ground: ServicesGround): readonly CrashScenario[] {
  const scenario = (title: string, isThere: boolean, ends: CrashScenario['ends']) => ({
    title: `${RECLAIM_ORPHAN}, ${title}`,
    begin: () => beginReclaim(ground, isThere),
    ends,
    faults: 'two' as const,
  });
  return [
    scenario('an orphan', false, 'done'),
    scenario('the bot is seen again', true, 'undone'),
    {
      ...scenario('the bot is seen again by who comes later', false, 'done'),
      twist: { ...PAYMENT_FAILS, isLater: true },
    },
  ];
}

/** The definition on no world: for its points. */
export function deletionOn(ports: DeletionPorts): SagaDefinition {
  return createDeleteBotSaga(ports);
}

export function reclaimOn(ports: DeletionPorts): SagaDefinition {
  return createReclaimOrphanSaga(ports, createAbsence(ports));
}

const PAYMENT_FAILS = {
  at: pointOf(deedOf('run', STEP.refund), 'before'),
  does: () => never(),
};

const never = () => new TerminalError('NEVER', 'it cannot be done');

let placed = 0;

interface Placed {
  readonly world: BotWorld;
  readonly bot: string;
  readonly before: Outside;
}

async function place(ground: ServicesGround, kind: Kind | 'nowhere'): Promise<Placed> {
  placed += 1;
  const uid = `uid-c${placed}`;
  const bot = `${uid}-bot-2`;
  const containerName = `freqtrade-pool-${uid}-pool-1`;
  const state = poolStateOf(uid);
  const world = await createBotWorld(ground, uid, {
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

async function beginDeletion(ground: ServicesGround, kind: Kind): Promise<CrashCase> {
  const { world, bot, before } = await place(ground, kind);
  return {
    order: orderOf(world, bot, DELETE_BOT),
    define: (plan, process) => deletionOn(world.ports(plan, process)),
    look: async () => judge(before, await world.read(), bot),
    close: world.close,
  };
}

async function beginReclaim(ground: ServicesGround, isThere: boolean): Promise<CrashCase> {
  const { world, bot, before } = await place(ground, isThere ? 'pooled' : 'nowhere');
  return {
    order: orderOf(world, bot, RECLAIM_ORPHAN),
    define: (plan, process) => reclaimOn(world.ports(plan, process)),
    look: async () => judge(before, await world.read(), bot),
    close: world.close,
  };
}

function orderOf({ userId, firebaseUid }: BotWorld, bot: string, kind: string) {
  const input = writeInput({
    userId,
    firebaseUid,
    instanceId: toInstanceId(bot),
    onStopFailure: 'restore',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    ...(kind === RECLAIM_ORPHAN && { orphan: { life: LIFE } }),
  });
  return { kind, subject: userId, requestedBy: 'a test', input };
}

/** 110 more in the wallet, one row and one entry that say so, and nothing left of the bot; or all as it was. */
function judge(before: Outside, seen: Outside, bot: string) {
  const { user, ledger, tombstones } = seen;
  const { botAllocations, walletTransactions, paperWallet } = before.user;
  const { [bot]: _, ...others } = botAllocations;
  const done = [
    ...differences(user, { botAllocations: others, kept: before.user.kept }),
    ...differences(user.paperWallet, { balance: paperWallet.balance + 110 }),
    ...differences(seen, {
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
  return verdict(done, differences(seen, before));
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
