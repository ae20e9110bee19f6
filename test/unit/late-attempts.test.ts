// An attempt that outlasts its time is given up, not stopped: its promise goes on, under a claim that still holds,
// while the saga may turn back. So does what an attempt that failed had begun beside what failed. Neither may change
// anything more.

import { expect, it } from 'vitest';
import type {
  SagaDefinition,
  StepCall,
  StepDefinition,
} from '../../packages/saga/src/definition.ts';
import { InDoubtError, TerminalError } from '../../packages/saga/src/errors.ts';
import { initialState } from '../../packages/saga/src/machine/state.ts';
import { execute } from '../../packages/saga/src/run/execute.ts';
import { type CommandContext, callOf } from '../../packages/saga/src/run/step-call.ts';
import { recordOf } from '../../packages/saga/test/support/saga-writes.ts';
import { createReclaimOrphanSaga } from '../../src/deletion/reclaim-orphan.ts';
import { type DeletionPorts, STEP } from '../../src/deletion/steps/step-ports.ts';
import type { SettleResult, Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { allocationCapture, deletionInput } from '../support/samples.ts';

const GIVEN_UP = new InDoubtError('TIMEOUT', 'no answer in time');

const record = recordOf({ input: deletionInput(), state: stateWithLock() });

function stateWithLock() {
  const state = initialState({ steps: [{ name: STEP.lock }, { name: STEP.refund }] });
  const capture = allocationCapture();
  return {
    ...state,
    steps: state.steps.map((step, index) => (index === 0 ? { ...step, capture } : step)),
  };
}

function context(): CommandContext {
  const holds = async () => undefined;
  const { signal } = new AbortController();
  const clock = { nowMs: () => 1, monotonicMs: () => 1 };
  const definition = inertPorts<SagaDefinition>();
  return { definition, record, signal, clock, random: () => 0, fence: holds, fencedWrite: holds };
}

/** The pivot of a reclaiming whose bot is nowhere. */
function refundStep(ports: DeletionPorts): StepDefinition {
  const { steps } = createReclaimOrphanSaga(ports, { check: async () => ({ status: 'absent' }) });
  const step = steps.find(({ name }) => name === STEP.refund);
  if (step === undefined) throw new Error('unreachable');
  return step;
}

it('an attempt that was given up: its fences let nothing pass, although the claim holds (I6)', async () => {
  const attempt = new AbortController();
  const call = callOf(context(), 1, attempt.signal);
  await call.fence();
  await call.fencedWrite();
  attempt.abort(GIVEN_UP);
  await expect(call.fence()).rejects.toBe(GIVEN_UP);
  await expect(call.fencedWrite()).rejects.toBe(GIVEN_UP);
});

it('one of two things that an attempt does at once fails: the fence lets the other pass no more (I6)', async () => {
  const failure = new TerminalError('BROKEN', 'it cannot be done');
  const gate = Promise.withResolvers<void>();
  const slow = Promise.withResolvers<void>();
  const run = async (call: StepCall) => {
    const other = gate.promise.then(() => call.fence());
    other.then(slow.resolve, slow.reject);
    await Promise.all([Promise.reject(failure), other]);
    return {};
  };
  const step = { ...refundStep(inertPorts()), run };
  const definition = { ...context().definition, steps: [step, step] };
  const event = await execute({ type: 'run', step: 1 }, { ...context(), definition });
  expect(event).toMatchObject({ type: 'failed', failure: { code: 'BROKEN' } });
  gate.resolve();
  await expect(slow.promise).rejects.toBe(failure);
});

it.each(['the settlement', 'the lock'] as const)(
  'the refund was given up while %s was on its way: it pays nothing any more (I6)',
  async (onItsWay) => {
    const attempt = new AbortController();
    const giveUpIn = (what: typeof onItsWay) => {
      if (what === onItsWay) attempt.abort(GIVEN_UP);
    };
    const done: string[] = [];
    const wallets: Wallets = {
      ...inertPorts<Wallets>(),
      settle: async (): Promise<SettleResult> => {
        done.push('settle');
        giveUpIn('the settlement');
        return { status: 'lock-dropped' };
      },
      lock: async () => {
        done.push('lock');
        giveUpIn('the lock');
        return { status: 'locked', value: 250.5 };
      },
    };
    const ports = { ...inertPorts<DeletionPorts>(), wallets };
    const step = refundStep(ports);
    await expect(step.run(callOf(context(), 1, attempt.signal))).rejects.toBe(GIVEN_UP);
    expect(done).toEqual(onItsWay === 'the lock' ? ['settle', 'lock'] : ['settle']);
  },
);
