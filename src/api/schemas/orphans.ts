// How many orphans there were over time.

import { type Static, Type } from 'typebox';

export type OrphanSampleView = Static<typeof OrphanSampleSchema>;
const OrphanSampleSchema = Type.Object({
  jobId: Type.String({ description: 'The run that observed.' }),
  at: Type.String(),
  count: Type.Integer({ description: 'Allocations whose bot was found nowhere.' }),
  valueMinor: Type.Integer({ description: 'Their value, in cents.' }),
  oldestSeconds: Type.Integer({ description: 'How long the oldest of them had been known.' }),
  repaired: Type.Integer({ description: 'How many of them the run paid back.' }),
});

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
