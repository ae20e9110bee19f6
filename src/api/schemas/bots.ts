// A user's bots with their state in each of the three sources, as they are shown to their user.

import { PageQuery } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { BOT_EVENT_TYPES } from '../../health/bot-events.ts';
import { BOT_HEALTH } from '../../health/health-service.ts';
import { BOT_VIEW } from '../../sync/bot-view.ts';
import { TONES } from '../describe-bot.ts';

export type BotView = Static<typeof BotViewSchema>;
const BotViewSchema = Type.Object({
  ...BOT_VIEW.properties,
  description: Type.Object({
    label: Type.String(),
    tone: Type.Enum([...TONES]),
    sentence: Type.Union([Type.String(), Type.Null()], { description: 'Why, to its user.' }),
  }),
  health: Type.Union([BOT_HEALTH, Type.Null()], {
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
