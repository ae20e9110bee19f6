// The shapes of what goes in and out, for validation, serialisation and an OpenAPI document. A product that shows more
// spreads the fields of these into objects of its own.

import { type Static, Type } from 'typebox';

export const TEXT_OR_NULL = Type.Union([Type.String(), Type.Null()]);

export const JobStateSchema = Type.Enum(
  ['queued', 'running', 'compensating', 'completed', 'compensated', 'cancelled', 'stuck'],
  {
    description:
      'completed, compensated and cancelled are ends; stuck waits for an operator and resumes.',
  },
);

const FailureSchema = Type.Object({
  class: Type.String({ description: 'terminal, hold, retryable, unavailable or in-doubt' }),
  code: Type.String(),
  message: Type.String(),
});

const WarningSchema = Type.Object({ code: Type.String(), message: Type.String() });

const JobStepSchema = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.String(), Type.Null()], {
    description: 'compensatable, pivot or retriable; null for a version this server does not know',
  }),
  status: Type.String(),
  attempts: Type.Integer(),
  startedAt: TEXT_OR_NULL,
  finishedAt: TEXT_OR_NULL,
  error: Type.Union([FailureSchema, Type.Null()]),
});

export const JOB_FIELDS = {
  jobId: Type.String(),
  kind: Type.String(),
  state: JobStateSchema,
  step: Type.Union([Type.String(), Type.Null()], {
    description: 'The step being worked on; null before the start and after the end.',
  }),
  steps: Type.Array(JobStepSchema),
  progress: Type.Integer({ minimum: 0, maximum: 100, description: 'Per cent of the steps.' }),
  warnings: Type.Array(WarningSchema),
  result: Type.Unknown({ description: 'What the job gave, by kind; null before its end.' }),
  error: Type.Union(
    [Type.Intersect([FailureSchema, Type.Object({ step: Type.String() })]), Type.Null()],
    { description: 'Why the job went back or is stuck.' },
  ),
  createdAt: Type.String(),
  finishedAt: TEXT_OR_NULL,
};

export type Job = Static<typeof JobSchema>;
export const JobSchema = Type.Object(JOB_FIELDS, { description: 'The job as the log has it.' });

export type AcceptedJob = Static<typeof AcceptedJobSchema>;
/** The body of a 202. */
export const AcceptedJobSchema = Type.Object(
  {
    success: Type.Boolean({ description: 'false: stuck, or being undone.' }),
    message: Type.String(),
    jobId: Type.String(),
    state: JobStateSchema,
    statusUrl: Type.String(),
  },
  { description: 'The job is durable and continues by itself; poll it.' },
);

export const JobParamsSchema = Type.Object({
  jobId: Type.String({ minLength: 1, maxLength: 64 }),
});

export const WaitHeadersSchema = Type.Object({
  prefer: Type.Optional(
    Type.String({ description: '`wait=N`: hold the answer until the end, at most N ≤ 60 s.' }),
  ),
});

const CursorSchema = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: '^[A-Za-z0-9_.~=-]+$',
  description: '`nextCursor` of the page before.',
});

export const DEFAULT_PAGE_SIZE = 20;

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_PAGE_SIZE })),
  cursor: Type.Optional(CursorSchema),
};

const ListQuery = { ...PageQuery, state: Type.Optional(JobStateSchema) };

const ScopeQuery = {
  scope: Type.Optional(Type.Enum(['own', 'all'], { description: '`all` is for operators.' })),
};

const SearchQuery = {
  kind: Type.Optional(Type.String({ maxLength: 64, pattern: '^[a-z0-9-]+$' })),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '\\S',
      description: 'Exactly: the id of a saga, a subject, or what else the product finds sagas by.',
    }),
  ),
  order: Type.Optional(
    Type.Enum(['newest', 'urgency'], {
      description: 'urgency: stuck, compensating, under way, then ended; newest first in each.',
    }),
  ),
};

const EXACT = { additionalProperties: false } as const;

export type JobListQuery = Static<typeof JobListQuerySchema>;
const JobListQuerySchema = Type.Object({ ...ListQuery, ...ScopeQuery, ...SearchQuery }, EXACT);

/** By whom a list is for. */
export const LIST_QUERIES = {
  everyone: JobListQuerySchema,
  callers: Type.Object({ ...ListQuery, ...ScopeQuery }, EXACT),
  operators: Type.Object({ ...ListQuery, ...SearchQuery }, EXACT),
} as const;
