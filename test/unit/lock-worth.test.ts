// A bot is asked what it is worth at the lock, and again right before its stop, unless it has answered a moment ago. How
// long ago, only the worker that asked can tell: another one's clock may be seconds off.

import { expect, it } from 'vitest';
import type { BotValuation } from '../../src/bots/bot-valuation.ts';
import { lockWorth } from '../../src/deletion/bot-worth.ts';
import type { BotCapture, LockValue } from '../../src/deletion/captures.ts';
import {
  type DeletionCall,
  type DeletionPorts,
  STEP,
} from '../../src/deletion/steps/step-ports.ts';
import type { BotWorth } from '../../src/domain/bot-worth.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../support/inert-ports.ts';
import { allocationCapture, deletionInput } from '../support/samples.ts';

const INPUT = deletionInput({ stopTimeoutMs: 60_000 });
const ALLOCATION = allocationCapture({ allocatedAmount: 50, value: 50 });
const BOT: BotCapture = { observedBots: [], foreign: [] };
const NOW_MS = 1_000_000;
const AT_LOCK = { status: 'live', value: 40 } as const;
const AT_STOP = { status: 'live', value: 39 } as const;

it.each([
  { when: 'a moment ago, under this claim', given: {}, answer: AT_LOCK, asked: 0 },
  { when: 'longer ago', given: { sinceMs: 501 }, answer: AT_STOP, asked: 1 },
  { when: 'a moment ago by another claim’s clock', given: { epoch: 2 }, answer: AT_STOP, asked: 1 },
  { when: 'in the future', given: { sinceMs: -5_000 }, answer: AT_STOP, asked: 1 },
  { when: 'a moment ago, before an attempt', given: { attempt: 2 }, answer: AT_STOP, asked: 1 },
  { when: 'never: it had not been found', given: { wasAsked: false }, answer: AT_STOP, asked: 1 },
])('it has answered $when: asked $asked times before the stop', async (one) => {
  const world = createWorld();
  expect(await lockWorth(world.ports, callOf(one.given))).toEqual(one.answer);
  expect(world.asked()).toBe(one.asked);
  // An answer is written into the lock at once; the one of the lock's step stands there already.
  expect(world.locked()).toEqual(one.asked === 0 ? [] : [39]);
});

it('a moment ago it could not answer: it is not waited for twice', async () => {
  const world = createWorld();
  const worth = { status: 'not-live', reason: 'no answer' } as const;
  expect(await lockWorth(world.ports, callOf({ worth }))).toEqual(worth);
  expect(world.asked()).toBe(0);
});

function createWorld() {
  let asked = 0;
  const locked: (number | null)[] = [];
  const valuation: BotValuation = {
    unasked: { status: 'stored' },
    worthOf: async () => {
      asked += 1;
      return AT_STOP;
    },
  };
  const wallets: Wallets = {
    ...inertPorts<Wallets>(),
    lock: async ({ value }) => {
      locked.push(value);
      return { status: 'locked', value: value ?? 0 };
    },
  };
  const ports = { ...inertPorts<DeletionPorts>(), valuation, wallets };
  return { ports, asked: () => asked, locked: () => locked };
}

interface Given {
  /** Since the answer at the lock. */
  readonly sinceMs?: number;
  /** Under which it was given. */
  readonly epoch?: number;
  readonly attempt?: number;
  readonly wasAsked?: boolean;
  readonly worth?: BotWorth;
}

function callOf({
  sinceMs = 20,
  epoch = 3,
  attempt = 1,
  wasAsked = true,
  worth = AT_LOCK,
}: Given): DeletionCall {
  const worthAt = { ms: NOW_MS - sinceMs, epoch };
  const lock: LockValue = {
    lockedValue: 40,
    sawBot: wasAsked,
    worth,
    ...(wasAsked && { worthAt }),
  };
  return {
    sagaId: 'del-0mvx2cqo0dqqe9xwr1uq2r',
    epoch: 3,
    idempotencyKey: 'del-0mvx2cqo0dqqe9xwr1uq2r/stop-container',
    attempt,
    input: INPUT,
    captures: { [STEP.lock]: ALLOCATION, [STEP.stop]: BOT },
    results: { [STEP.lock]: lock },
    startedAtMs: NOW_MS,
    nowMs: () => NOW_MS,
    monotonicMs: () => NOW_MS,
    signal: new AbortController().signal,
    fence: async () => undefined,
    fencedWrite: async () => undefined,
  };
}
