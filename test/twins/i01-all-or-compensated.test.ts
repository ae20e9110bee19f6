// I1: an accepted saga ends with everything done, or with everything undone, or visibly stuck.

import { isDeepStrictEqual } from 'node:util';
import type { SagaDefinition, StepDefinition } from '../../packages/saga/src/definition.ts';
import { HoldError, TerminalError } from '../../packages/saga/src/errors.ts';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { createSagaWorld, sagaOf, stepsOf } from '../../packages/saga/test/support/saga-world.ts';
import type { Bots } from '../../src/bots/bots.ts';
import { createSimulatedBots, SIMULATED_HOST } from '../../src/bots/simulator/simulated-bots.ts';
import { toInstanceId } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/source.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createGateway } from '../platform/stand-in/gateway.ts';
import { createTestDatabase } from '../support/database.ts';
import {
  allOf,
  outsideState,
  placeBot,
  readPoolState,
  type Stage,
  userNamed,
  writePoolState,
} from '../support/deletions.ts';
import { users } from '../support/users.ts';
import { type Breaches, breaches, type Part, twinsOf } from './bite.ts';
import { createLab, type Twist } from './support/lab.ts';
import { checkAfter } from './support/lab-health.ts';
import { deleteToRest } from './support/lab-sagas.ts';

twinsOf('I1', {
  // Nothing can be restored: the saga is stuck, and a person sees it.
  'swallowed-undo-error': (part) =>
    undone(part, swallowUndoErrors, ({ poolStates, bots }) => ({
      poolStates: { ...poolStates, mutate: () => fail('POOL_LOST') },
      bots: { ...bots, restore: () => fail('RESTORE_LOST') },
    })),

  // What the first step captured has no form in the database.
  'refusal-of-the-log-that-nobody-sees': async (part) => {
    const connection = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(connection));
    const definitions = [
      sagaOf([make.undoable('a', { capture: async () => ({ 'a\u0000b': 1 }) })]),
    ];
    const unclear = async <T>(answer: Promise<T>) =>
      answer.catch((error: unknown) => {
        throw error instanceof HoldError ? new Error(error.message) : error;
      });
    const wrapLog = (log: SagaLog): SagaLog => ({
      ...log,
      claim: (...order) => unclear(log.claim(...order)),
      commit: (write) => unclear(log.commit(write)),
    });
    const engine = await createTestEngine({
      connection,
      definitions,
      ...(part === 'twin' && { wrapLog }),
    });
    const id = await engine.start();
    await engine.run(id).catch(() => undefined);
    const phase = (await engine.log.find(id))?.state.phase;
    return breaches({ 'neither ended nor stuck, and no worker has it': phase !== 'stuck' });
  },

  // The change lands, its answer is an error that no repetition helps: the step counts as failed.
  'undo-of-recorded-steps-only': (part) => {
    let changes = 0;
    return undone(part, undoRecordedOnly, ({ poolStates }) => ({
      poolStates: {
        ...poolStates,
        mutate: async (mutation) => {
          const changed = await poolStates.mutate(mutation);
          changes += 1;
          return changes === 1 ? fail('ANSWER_LOST') : changed;
        },
      },
    }));
  },

  'removal-not-observed': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const blind: Twist = {
      ports: ({ bots }) => ({ bots: { ...bots, remove: async () => 'removed' } }),
    };
    const worker = await lab.worker(part === 'twin' ? blind : {});
    const { state } = await deleteToRest(worker, bot);
    const { dedicated } = await lab.world.snapshot();
    return breaches({
      'completed without a warning, and the bot is still there':
        state.phase === 'completed' && state.warnings.length === 0 && dedicated.length > 0,
    });
  },

  // The bot's program is found; a container of the same bot stands on a host that is away.
  'ended-by-those-who-answered': async (part) => {
    const lab = await createLab();
    const { connection, world } = lab;
    const bot = await placeBot(lab, 'pooled');
    const { uid, userId, instanceId } = bot;
    await world.addDedicated({ instanceId, host: 'away', labels: { instanceId, userId: uid } });
    await world.injectFaults({ host: 'away' }, { unreachable: true });
    const hosts = [SIMULATED_HOST, 'away'];
    const both = createSimulatedBots({ connection, now: () => new Date(), hosts });
    const bots = part === 'twin' ? { ...both, locate: askedAll(both) } : both;
    const worker = await lab.worker({ ports: () => ({ bots }) });
    const { state } = await deleteToRest(worker, bot);
    const tombstones = createMongoTombstones({ connection });
    const [tombstone] = await tombstones.findForBot(userId, toInstanceId(instanceId));
    const told = state.warnings.map(({ code }) => code);
    return breaches({
      'the scenario has waited for the host':
        state.phase !== 'completed' || told.some((code) => code !== 'not-seen-everywhere'),
      'completed, and the host that was away is not named': part !== 'twin' && told.length === 0,
      'its tombstone has ended, and it runs on a host that was away': tombstone?.status === 'ended',
    });
  },

  // The platform saves stale copies of the wallet and of the pool state, and the program is there again: it has crashed.
  'restart-of-the-deleted': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'pooled');
    const user = await userNamed(lab, bot.uid);
    const pools = await readPoolState(lab);
    const { state } = await deleteToRest(await lab.worker(), bot);
    await users(lab.connection).replaceOne({ _id: user._id }, user);
    await writePoolState(lab, pools);
    const containerName = pools.botMapping[bot.instanceId]?.containerName ?? '';
    await lab.world.addPooled({ instanceId: bot.instanceId, containerName, program: 'FATAL' });
    await checkAfter(lab, part === 'twin' ? forgetPasts : undefined);
    const { pooled } = await lab.world.snapshot();
    return breaches({
      'the scenario has not deleted the bot': state.phase !== 'completed',
      'a bot that was deleted runs again': pooled.some(({ program }) => program === 'RUNNING'),
    });
  },

  // Right before our settlement the platform's own deletion has paid, and taken the allocation with it.
  'platform-payment-unobserved': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const gateway = createGateway(lab.connection);
    const worker = await lab.worker({
      ports: ({ wallets }) => ({
        wallets: {
          ...wallets,
          ...(part === 'twin' && { findPlatformPayment: async () => null }),
          settle: async (command) => {
            await gateway.payBack(await gateway.read(bot.uid), bot.instanceId);
            return wallets.settle(command);
          },
        },
      }),
    });
    const { state } = await deleteToRest(worker, bot);
    return breaches({
      'the scenario has not paid once': (await userNamed(lab, bot.uid)).paperWallet.balance !== 160,
      'stuck, although the platform has paid': state.phase === 'stuck',
    });
  },

  // It stands still before the payment, and an operator vouches that it is undone.
  'an-end-that-gives-nothing-back': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'pooled');
    const hold = () => Promise.reject(new HoldError('HELD', 'as the scenario has it'));
    const worker = await lab.worker({
      ports: ({ poolStates }) => ({ poolStates: { ...poolStates, mutate: hold } }),
      ...(part === 'twin' && { definition: (same) => ({ ...same, release: async () => {} }) }),
    });
    const { id, state } = await deleteToRest(worker, bot, 'hold');
    const order = { verb: 'resolve', by: 'a test', reason: 'undone by hand' } as const;
    await worker.sagas.order(id, { ...order, outcome: 'compensated' });
    const tombstones = await allOf(lab, 'tombstones');
    return breaches({
      'the scenario does not stand still': state.phase !== 'stuck',
      'ended by an operator, and its tombstone is closing for ever': tombstones.some(
        ({ status }) => status === 'open',
      ),
    });
  },
});

async function undone(
  part: Part,
  twin: (definition: SagaDefinition) => SagaDefinition,
  ports: NonNullable<Twist['ports']>,
): Promise<Breaches> {
  const lab = await createLab();
  const bot = await placeBot(lab, 'pooled');
  const before = await outsideState(lab);
  const worker = await lab.worker({ ports, ...(part === 'twin' && { definition: twin }) });
  return allOrNothing(lab, before, await deleteToRest(worker, bot, 'restore'));
}

async function allOrNothing(
  stage: Stage,
  before: Awaited<ReturnType<typeof outsideState>>,
  { state }: SagaRecord,
): Promise<Breaches> {
  const isAsBefore = isDeepStrictEqual(await outsideState(stage), before);
  return breaches({
    'the scenario has not gone back': !['compensated', 'stuck'].includes(state.phase),
    'compensated, and the world is not as before': state.phase === 'compensated' && !isAsBefore,
  });
}

function askedAll({ locate }: Bots): Bots['locate'] {
  return async (query, call) => {
    const answer = await locate(query, call);
    return answer.status === 'ok' ? answer : ok(answer.found, answer.observedAt);
  };
}

function swallowUndoErrors(definition: SagaDefinition): SagaDefinition {
  return withUndo(definition, (step) => (call) => step.compensate(call).catch(() => undefined));
}

function undoRecordedOnly(definition: SagaDefinition): SagaDefinition {
  return withUndo(definition, (step) => async (call) => {
    if (call.results[step.name] !== undefined) await step.compensate(call);
  });
}

type Undoable = Extract<StepDefinition, { kind: 'compensatable' }>;

function withUndo(
  definition: SagaDefinition,
  change: (step: Undoable) => Undoable['compensate'],
): SagaDefinition {
  const steps = definition.steps.map((step) =>
    step.kind === 'compensatable' ? { ...step, compensate: change(step) } : step,
  );
  return { ...definition, steps };
}

// Both: the wallet finds the settlement by itself, so that either of them alone keeps the program at rest.
const forgetPasts: Twist['ports'] = ({ tombstones, wallets }) => ({
  tombstones: { ...tombstones, findForBot: async () => [] },
  wallets: {
    ...wallets,
    readAllocation: async (...bot) => {
      const reading = await wallets.readAllocation(...bot);
      if (reading.status !== 'present') return reading;
      return { ...reading, allocation: { ...reading.allocation, settledOpId: null } };
    },
  },
});

function fail(code: string): Promise<never> {
  return Promise.reject(new TerminalError(code, 'as the scenario has it'));
}
