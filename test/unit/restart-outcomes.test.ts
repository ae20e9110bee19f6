// A worker that takes over a restart finds the bot otherwise than the one before it. Its owner is told one outcome: the
// events of both have one id, of which the store keeps the first (I9).

import { expect, it } from 'vitest';
import type { StepCall } from '../../packages/saga/src/definition.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import type { BotEvent } from '../../src/health/bot-events.ts';
import {
  createRestartBotSaga,
  type RestartBotInput,
  type RestartPorts,
} from '../../src/health/restart-bot.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { USER_ID } from '../support/samples.ts';

it('two workers of one restart come to different outcomes: one event, of which the first stands', async () => {
  const told: BotEvent[] = [];
  const [step] = createRestartBotSaga({
    ...inertPorts<RestartPorts>(),
    tombstones: { findForBot: async () => [] },
    wallets: {
      ...inertPorts<Wallets>(),
      readAllocation: async () => ({ status: 'absent', firebaseUid: null }),
    },
    events: { add: async (events) => void told.push(...events) },
    healths: { giveBack: async () => undefined },
    meter: { restarted: () => undefined },
  }).steps;
  const bot = { firebaseUid: toFirebaseUid('uid'), instanceId: toInstanceId('uid-bot-1') };
  const call: StepCall<RestartBotInput> = {
    ...inertPorts<StepCall<RestartBotInput>>(),
    ...{ sagaId: 'rst-aaaaaaaaaaaaaaaa', captures: {}, results: {}, nowMs: () => 0 },
    input: { userId: USER_ID, ...bot, attempt: 1 },
  };
  await step?.run(call);
  await step?.deadline?.expired(call, null);
  expect(told.map(({ type }) => type)).toEqual(['restart-refused', 'restart-failed']);
  expect(new Set(told.map(({ id }) => id)).size).toBe(1);
});
