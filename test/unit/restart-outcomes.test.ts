// What a restart tells the bot's owner, and whether it counts. A worker that takes over finds the bot otherwise than the
// one before it: the events of both have one id, of which the store keeps the first (I9). A restart counts from its call
// on, whatever becomes of it.

import { expect, it } from 'vitest';
import type { StepCall } from '../../packages/saga/src/definition.ts';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import { startInMemory } from '../../packages/saga/test/support/memory-engine.ts';
import type { Bots } from '../../src/bots/bots.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/source.ts';
import type { BotEvent } from '../../src/health/bot-events.ts';
import {
  createRestartBotSaga,
  type RestartBotInput,
  type RestartPorts,
} from '../../src/health/restart-bot.ts';
import type { AllocationFacts, Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { observedPooled, USER_ID } from '../support/samples.ts';

const INPUT: RestartBotInput = {
  userId: USER_ID,
  firebaseUid: toFirebaseUid('uid-1'),
  instanceId: toInstanceId('uid-1-bot-1'),
  attempt: 1,
};

/** A bot that has failed, in a pool that answers. */
function setUp(given: Partial<RestartPorts>) {
  const told: BotEvent[] = [];
  const ports: RestartPorts = {
    ...inertPorts<RestartPorts>(),
    tombstones: { findForBot: async () => [] },
    wallets: {
      ...inertPorts<Wallets>(),
      readAllocation: async () => ({
        status: 'present',
        firebaseUid: null,
        allocation: { ...inertPorts<AllocationFacts>(), lock: null, settledOpId: null },
      }),
    },
    poolStates: { read: async () => ({ ...ok([], new Date(0)), status: 'unknown', reason: 'no' }) },
    bots: {
      ...inertPorts<Bots>(),
      locate: async () =>
        ok([observedPooled({ program: 'FATAL', labels: { userId: USER_ID } })], new Date(0)),
    },
    events: { add: async (events) => void told.push(...events) },
    meter: { restarted: () => undefined },
    ...given,
  };
  return { told, saga: createRestartBotSaga(ports) };
}

it('two workers of one restart come to different outcomes: one event, of which the first stands', async () => {
  const { told, saga } = setUp({
    containers: {
      restart: async () => (told.length === 0 ? 'started' : 'not-needed'),
    },
  });
  const step = saga.steps.at(-1);
  const call: StepCall<RestartBotInput> = {
    ...inertPorts<StepCall<RestartBotInput>>(),
    ...{ sagaId: 'rst-aaaaaaaaaaaaaaaa', captures: {}, nowMs: () => 0, input: INPUT },
    results: { 'find-program': { found: observedPooled({ program: 'FATAL' }) } },
  };
  await step?.run(call);
  await step?.run(call);
  expect(told.map(({ type }) => type)).toEqual(['restarted', 'restart-refused']);
  expect(new Set(told.map(({ id }) => id)).size).toBe(1);
});

it('found at the last moment of its search, and started: it counts, however long its call takes', async () => {
  const givenBack: number[] = [];
  let isAway = true;
  const { told, saga } = setUp({
    tombstones: {
      findForBot: async () => {
        if (!isAway) return [];
        isAway = false;
        throw new UnavailableError('AWAY', 'no answer', { retryAfterMs: 19_970 });
      },
    },
    containers: {
      restart: (_, __, { signal }) =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, 300, 'started');
          signal.addEventListener('abort', () => clearTimeout(timer));
        }),
    },
    healths: { giveBack: async (_, attempt) => void givenBack.push(attempt) },
  });
  const { state } = await (await startInMemory(saga, INPUT)).runToRest();
  expect(state.phase).toBe('completed');
  expect(told.map(({ type }) => type)).toEqual(['restarted']);
  expect(givenBack).toEqual([]);
});

it('it could not be tried, and the answer to what gives it back is lost: its owner is told, and nothing is started', async () => {
  const givenBack: number[] = [];
  let starts = 0;
  const { told, saga } = setUp({
    tombstones: {
      findForBot: async () => {
        if (givenBack.length > 0) return [];
        throw new UnavailableError('AWAY', 'no answer');
      },
    },
    containers: {
      restart: async () => {
        starts += 1;
        return 'started';
      },
    },
    healths: {
      giveBack: async (_, attempt) => {
        givenBack.push(attempt);
        if (givenBack.length === 1) throw new Error('the answer is lost');
      },
    },
  });
  const { state } = await (await startInMemory(saga, INPUT)).runToRest();
  expect(state.phase).toBe('completed');
  expect(told.map(({ type }) => type)).toEqual(['restart-failed']);
  expect([givenBack, starts]).toEqual([[1, 1], 0]);
});
