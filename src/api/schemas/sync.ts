// POST /sync-wallet and POST /admin/sync-all: their parameters, and the body of a run that has ended.

import { JobStateSchema } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';
import { RESULT } from '../../sync/sync-reports.ts';
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

export type SyncData = Static<typeof SyncDataSchema>;
const SyncDataSchema = RESULT.properties.data;

/** What a reader relies on of a run's result. */
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
