// A bot with its state in each of the three sources. I4: `unknown` is an answer of its own, so a page never shows
// "gone" where a host merely did not answer.

import { type Static, Type } from 'typebox';
import { VERDICTS } from '../domain/presence.ts';

const ABSENT = Type.Object({ status: Type.Literal('absent') });
const UNKNOWN = Type.Object({
  status: Type.Literal('unknown'),
  code: Type.Enum(['POOL_STATE_UNKNOWN', 'DOCKER_UNKNOWN']),
  reason: Type.String({
    description: 'A sentence; for administrators, the reason as the source gave it.',
  }),
});

export type AllocationState = Static<typeof ALLOCATION_STATE>;
const ALLOCATION_STATE = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    allocatedAmount: Type.Unknown({ description: 'As it is stored: money, unless it is damaged.' }),
    currentValue: Type.Unknown({ description: 'As it is stored; null where it is missing.' }),
    worth: Type.Union([Type.Number(), Type.Null()], {
      description:
        'What would come back now; null where the numbers are no amount that can be paid.',
    }),
    allocatedAt: Type.Union([Type.String(), Type.Null()]),
    jobId: Type.Union([Type.String(), Type.Null()], { description: 'The job that holds it.' }),
  }),
  ABSENT,
]);

export type PoolEntryState = Static<typeof POOL_ENTRY_STATE>;
const POOL_ENTRY_STATE = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    poolId: Type.Union([Type.String(), Type.Null()], {
      description: "Null where it is not known, or is another user's pool.",
    }),
    botStatus: Type.Union([Type.String(), Type.Null()]),
  }),
  ABSENT,
  UNKNOWN,
]);

export type ContainerState = Static<typeof CONTAINER_STATE>;
const CONTAINER_STATE = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    kind: Type.Union([Type.Literal('dedicated'), Type.Literal('pooled')]),
    host: Type.Union([Type.String(), Type.Null()], { description: 'Shown to administrators.' }),
    containerName: Type.Union([Type.String(), Type.Null()], {
      description: "Null where it is another user's pool.",
    }),
    running: Type.Boolean(),
  }),
  ABSENT,
  UNKNOWN,
]);

export const BOT_VERDICTS = [...VERDICTS, 'busy', 'pending', 'settled', 'not-money'] as const;
export type BotVerdict = (typeof BOT_VERDICTS)[number];

export type BotView = Static<typeof BOT_VIEW>;
export const BOT_VIEW = Type.Object({
  instanceId: Type.String(),
  botName: Type.Union([Type.String(), Type.Null()]),
  allocation: ALLOCATION_STATE,
  poolState: POOL_ENTRY_STATE,
  docker: CONTAINER_STATE,
  verdict: Type.Enum([...BOT_VERDICTS], {
    description:
      'What a synchronisation would make of the three now. `orphan`: ' +
      'money without a bot, paid back. `ghost`: a bot without money. `lost-entry`: the pool state lost it. ' +
      '`not-money`, `settled`: an orphan that is left alone. `busy`: a job holds it. `pending`: the platform is starting it.',
  }),
});
