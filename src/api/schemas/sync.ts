// POST /sync-wallet and POST /admin/sync-all: their parameters, and the body of a run that has ended.

import { JobStateSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { PLAIN_WARNINGS } from './job.ts';

export const SyncQuerySchema = Type.Object(
  {
    dryRun: Type.Optional(
      Type.Boolean({ description: 'What would happen, and why; nothing is written.' }),
    ),
    passive: Type.Optional(
      Type.Boolean({
        description:
          'For a page that opens: only records what it suspects, a run a minute later decides.',
      }),
    ),
  },
  { additionalProperties: false },
);

const CleanedBotSchema = Type.Object({
  botId: Type.String(),
  botName: Type.String(),
  returned: Type.Number({ description: 'Dollars.' }),
  pnl: Type.Number(),
});

export type SyncData = Static<typeof SyncDataSchema>;
const SyncDataSchema = Type.Object({
  runningBots: Type.Array(Type.String(), {
    description: 'Ids of your bots that Docker shows running.',
  }),
  validAllocations: Type.Array(Type.String(), {
    description: 'Ids of the allocations whose bot is there, in any state.',
  }),
  cleanedBots: Type.Array(CleanedBotSchema),
  totalReturned: Type.Number({ description: 'Dollars.' }),
  newWalletBalance: Type.Union([Type.Number(), Type.Null()], {
    description: 'Null for an account without a wallet.',
  }),
  skipped: Type.Array(Type.Object({ botId: Type.String(), reason: Type.String() }), {
    description:
      'Left alone: unknown, open-saga, pending, changed, settled, not-money, seen-again, stuck, ' +
      'suspected, pool-unknown, port-unknown, port-taken, pool-full, not-a-bot-id; for administrators, `unknown` with the reasons as the sources gave them.',
  }),
});

/** What a run of one user leaves as its result. */
export const SyncResultSchema = Type.Object({ data: SyncDataSchema });

export type EndedSync = Static<typeof EndedSyncSchema>;
export const EndedSyncSchema = Type.Object(
  {
    success: Type.Boolean(),
    message: Type.String(),
    jobId: Type.Optional(Type.String({ description: 'Missing in a dry run, which is no job.' })),
    state: Type.Optional(JobStateSchema),
    data: Type.Union([SyncDataSchema, Type.Null()]),
    dryRun: Type.Optional(Type.Literal(true)),
    ...PLAIN_WARNINGS,
  },
  { description: 'The run has ended.' },
);

export const SyncAllQuerySchema = Type.Object(
  {
    dryRun: Type.Optional(
      Type.Boolean({ description: 'Observes and judges, and changes nothing.' }),
    ),
    force: Type.Optional(Type.Boolean({ description: 'Continues where a guard would stop it.' })),
  },
  { additionalProperties: false },
);
