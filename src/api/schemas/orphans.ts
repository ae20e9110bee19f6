// How many orphans there were over time.

import { type Static, Type } from 'typebox';
import { ORPHAN_SAMPLE } from '../../sync/mongodb/orphan-samples.ts';

export type OrphanSampleView = Static<typeof OrphanSampleSchema>;
const { runId: jobId, userId: _allTheSame, ...measured } = ORPHAN_SAMPLE.properties;
const OrphanSampleSchema = Type.Object({ jobId, ...measured });

export const OrphanHistorySchema = Type.Object({ samples: Type.Array(OrphanSampleSchema) });

export const DEFAULT_SAMPLES = 200;

export const OrphanHistoryQuerySchema = Type.Object(
  {
    since: Type.Optional(
      Type.String({
        pattern:
          '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d))?$',
        description: 'ISO 8601 date, or date and time with its zone; default 30 days ago.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_SAMPLES })),
  },
  { additionalProperties: false },
);
