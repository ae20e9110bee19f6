// The observation before the refund may be left out where the stop's own observation was a moment ago. How long ago, only the worker
// that looked can tell: another one's clock may be seconds off.

import { expect, it } from 'vitest';
import type { Bots } from '../../src/bots/bots.ts';
import { observeStop } from '../../src/deletion/steps/observe-stop.ts';
import { refundWallet } from '../../src/deletion/steps/refund-wallet.ts';
import {
  type DeletionCall,
  type DeletionPorts,
  STEP,
} from '../../src/deletion/steps/step-ports.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { ok, unknown } from '../../src/domain/source.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import {
  allocationCapture,
  deletionInput,
  observedDedicated,
  observedPooled,
  receiptOf,
  USER_ID,
} from '../support/samples.ts';

const OBSERVED = observedPooled();
const NO_ALLOCATION = allocationCapture({
  ...{ hadAllocation: false, incarnationId: 'none:x', allocatedAmount: null, value: null },
});
const OBSERVED_MS = 1_000_000;

it.each([
  { when: 'a moment ago, under this claim', epoch: 3, sinceMs: 20, observations: 0 },
  { when: 'longer ago, under this claim', epoch: 3, sinceMs: 51, observations: 1 },
  { when: 'a moment ago by the clock of another claim', epoch: 2, sinceMs: 20, observations: 1 },
  {
    when: 'in the future by the clock of another claim',
    epoch: 2,
    sinceMs: -5_000,
    observations: 1,
  },
  { when: 'in the future, under this claim', epoch: 3, sinceMs: -5_000, observations: 1 },
  {
    when: 'long ago, under this claim, before the database clock went back',
    epoch: 3,
    sinceMs: 5_020,
    databaseMs: 20,
    observations: 1,
  },
])('seen at rest $when: observed $observations times before the refund (I5)', async (given) => {
  let observations = 0;
  const bots: Bots = {
    ...inertPorts<Bots>(),
    observe: async () => {
      observations += 1;
      return ok({ ...OBSERVED, conf: 'aside', program: 'absent' }, new Date(0));
    },
  };
  await observeStop({ ...inertPorts<DeletionPorts>(), bots }, callOf(given));
  expect(observations).toBe(given.observations);
});

it.each([
  { where: 'in another container', at: { containerId: 'c2' } },
  { where: 'on the same host under another name, which is decided to be gone', at: { host: 'b' } },
])(
  'what was captured is gone, and it runs $where: stopped, known to the tombstone, not paid yet (I4)',
  async ({ at }) => {
    const captured = observedDedicated({ labels: { userId: String(USER_ID) } });
    const replacement = { ...captured, ...at };
    const nameOf = ({ host, containerId }: ObservedBot) => `${host}/${containerId}`;
    const stopped: string[] = [];
    const recorded: string[] = [];
    const asked: unknown[] = [];
    const ports = {
      ...inertPorts<DeletionPorts>(),
      bots: {
        ...inertPorts<Bots>(),
        observe: async (_id, observed) =>
          ok(nameOf(observed) === nameOf(replacement) ? replacement : null, new Date(0)),
        locate: async ({ dockerHost }) => {
          asked.push(dockerHost);
          return ok([replacement], new Date(0));
        },
        stop: async (_id, observed) => {
          stopped.push(nameOf(observed));
          return 'stopped';
        },
      } satisfies Bots,
      poolStates: {
        ...inertPorts<DeletionPorts['poolStates']>(),
        read: async () => unknown('torn'),
      },
      tombstones: {
        ...inertPorts<DeletionPorts['tombstones']>(),
        recordObservedBots: async (_target, { observedBots }) => {
          recorded.push(...(observedBots ?? []).map(nameOf));
        },
      },
    } satisfies DeletionPorts;
    const call = callOf({ epoch: 3, sinceMs: 5_000, observed: captured });
    await expect(observeStop(ports, call)).rejects.toMatchObject({ code: 'NOT_AT_REST' });
    const both = [nameOf(captured), nameOf(replacement)];
    expect({ stopped, recorded, asked }).toEqual({ stopped: both, recorded: both, asked: ['a'] });
  },
);

it.each([
  { when: 'after the time of the stop', lateMs: 0, policy: 'refund', gaveUp: true },
  { when: 'before it is over', lateMs: -1, policy: 'refund', gaveUp: undefined },
  { when: 'after it, where it may not be given up', lateMs: 0, policy: 'hold', gaveUp: undefined },
] as const)(
  'the reply of a payment made $when is lost: given up $gaveUp (I4)',
  async ({ lateMs, policy, gaveUp }) => {
    const call = callOf({ epoch: 3, sinceMs: 60_000 });
    const { stopTimeoutMs } = call.input;
    const settledAt = new Date(OBSERVED_MS + stopTimeoutMs + lateMs).toISOString();
    const ports = {
      ...inertPorts<DeletionPorts>(),
      wallets: {
        ...inertPorts<DeletionPorts['wallets']>(),
        findReceipt: async () => receiptOf({ settledAt }),
      },
    };
    const { observe } = refundWallet(ports, async () => ({ warnings: [] }));
    const input = { ...call.input, onStopFailure: policy };
    const observed = await observe({ ...call, input });
    expect(observed.outcome === 'landed' && observed.value?.gaveUp).toBe(gaveUp);
  },
);

function callOf({
  epoch,
  sinceMs,
  databaseMs = sinceMs,
  observed = OBSERVED,
}: {
  readonly epoch: number;
  readonly sinceMs: number;
  /** As long ago as the database's clock has it. */
  readonly databaseMs?: number;
  readonly observed?: ObservedBot;
}) {
  const call: DeletionCall = {
    ...inertPorts<DeletionCall>(),
    epoch: 3,
    attempt: 1,
    sagaId: 'del-0mvx2cqo0dqqe9xwr1uq2r',
    startedAtMs: OBSERVED_MS,
    nowMs: () => OBSERVED_MS + databaseMs,
    monotonicMs: () => OBSERVED_MS + sinceMs,
    input: deletionInput({ stopTimeoutMs: 30_000 }),
    captures: {
      [STEP.lock]: NO_ALLOCATION,
      [STEP.stop]: { observedBots: [observed], foreign: [] },
    },
    results: { [STEP.stop]: { observedAtRestMs: OBSERVED_MS, epoch } },
  };
  return call;
}
