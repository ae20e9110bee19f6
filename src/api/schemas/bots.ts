// A user's bots with their state in each of the three sources. I4: `unknown` is an answer of its
// own, so a page never shows "gone" where a host merely did not answer.

import { PageQuery } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { BOT_EVENT_TYPES } from '../../health/bot-events.ts';
import { HEALTH_STATES } from '../../health/bot-healths.ts';
import { BOT_VERDICTS } from '../../sync/bot-views.ts';
import { TONES } from '../describe-bot.ts';

const Absent = Type.Object({ status: Type.Literal('absent') });
const Unknown = Type.Object({
  status: Type.Literal('unknown'),
  code: Type.String(),
  reason: Type.String({
    description: 'A sentence; for administrators, the reason as the source gave it.',
  }),
});

const AllocationStateSchema = Type.Union([
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
  Absent,
]);

const PoolEntryStateSchema = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    poolId: Type.Union([Type.String(), Type.Null()], {
      description: "Null where it is not known, or is another user's pool.",
    }),
    botStatus: Type.Union([Type.String(), Type.Null()]),
  }),
  Absent,
  Unknown,
]);

const ContainerStateSchema = Type.Union([
  Type.Object({
    status: Type.Literal('present'),
    kind: Type.Union([Type.Literal('dedicated'), Type.Literal('pooled')]),
    host: Type.Union([Type.String(), Type.Null()], { description: 'Shown to administrators.' }),
    containerName: Type.Union([Type.String(), Type.Null()], {
      description: "Null where it is another user's pool.",
    }),
    running: Type.Boolean(),
  }),
  Absent,
  Unknown,
]);

const BotHealthSchema = Type.Object({
  state: Type.Enum([...HEALTH_STATES], {
    description:
      '`failing`: not running, at fewer checks in a row than make it failed. `given-up`: failed, and its restarts ' +
      'are used up. `pool-down`: its pool does not run.',
  }),
  program: Type.Union([Type.String(), Type.Null()], { description: "supervisord's word." }),
  since: Type.String(),
  observedAt: Type.String({ description: 'Of the last check that was answered.' }),
  ageSeconds: Type.Integer({ description: 'How old that check is.' }),
  failures: Type.Integer({ description: 'Failed checks in a row.' }),
  restarts: Type.Integer({ description: 'Restarts that are not forgiven yet.' }),
  lastEvent: Type.Union([Type.Object({ type: Type.String(), at: Type.String() }), Type.Null()]),
});

export type BotView = Static<typeof BotViewSchema>;
const BotViewSchema = Type.Object({
  instanceId: Type.String(),
  botName: Type.Union([Type.String(), Type.Null()]),
  allocation: AllocationStateSchema,
  poolState: PoolEntryStateSchema,
  docker: ContainerStateSchema,
  verdict: Type.Enum([...BOT_VERDICTS], {
    description:
      'What a synchronisation would make of the three now. `orphan`: ' +
      'money without a bot, paid back. `ghost`: a bot without money. `lost-entry`: the pool state lost it. ' +
      '`not-money`, `settled`: an orphan that is left alone. `busy`: a job holds it. `pending`: the platform is starting it.',
  }),
  description: Type.Object({
    label: Type.String(),
    tone: Type.Enum([...TONES]),
    sentence: Type.Union([Type.String(), Type.Null()], { description: 'Why, to its user.' }),
  }),
  health: Type.Union([BotHealthSchema, Type.Null()], {
    description: 'Null: it was never checked; bots in pools and in the mapping are checked.',
  }),
});

export const BotListSchema = Type.Object({ bots: Type.Array(BotViewSchema) });

export const BotEventsQuerySchema = Type.Object(PageQuery, { additionalProperties: false });

export type BotEventView = Static<typeof BotEventViewSchema>;
const BotEventViewSchema = Type.Object({
  type: Type.Enum([...BOT_EVENT_TYPES]),
  detail: Type.Union([Type.String(), Type.Null()]),
  jobId: Type.Union([Type.String(), Type.Null()], { description: 'The job that did it.' }),
  at: Type.String(),
});

export const BotEventsSchema = Type.Object({
  events: Type.Array(BotEventViewSchema),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});
