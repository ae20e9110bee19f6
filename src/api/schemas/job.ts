// A job is what the API shows of a saga; its id is the saga's id.

import { type Static, Type } from 'typebox';

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

export type PlainWarnings = { readonly warnings?: string[]; readonly warningCodes?: string[] };
/** In the body of an end that was waited for. */
export const PLAIN_WARNINGS = {
  warnings: Type.Optional(Type.Array(Type.String(), { description: 'Sentences.' })),
  warningCodes: Type.Optional(
    Type.Array(Type.String(), { description: 'Of the warnings, in their order.' }),
  ),
};

const JobStepSchema = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.String(), Type.Null()], {
    description: 'compensatable, pivot or retriable; null for a version this server does not know',
  }),
  status: Type.String(),
  attempts: Type.Integer(),
  startedAt: Type.Union([Type.String(), Type.Null()]),
  finishedAt: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([FailureSchema, Type.Null()]),
});

export type Job = Static<typeof JobSchema>;
export const JobSchema = Type.Object(
  {
    jobId: Type.String(),
    kind: Type.String(),
    botId: Type.Union([Type.String(), Type.Null()], {
      description: 'The bot that it is about; null where it is about more than one.',
    }),
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
    finishedAt: Type.Union([Type.String(), Type.Null()]),
  },
  { description: 'The job as the log has it.' },
);

export const JobParamsSchema = Type.Object({
  jobId: Type.String({ minLength: 1, maxLength: 64 }),
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

export const JobListQuerySchema = Type.Object(
  {
    ...PageQuery,
    state: Type.Optional(JobStateSchema),
    scope: Type.Optional(
      Type.Union([Type.Literal('own'), Type.Literal('all')], {
        description: '`all` is for administrators.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const JobListSchema = Type.Object({
  jobs: Type.Array(JobSchema),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

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
  { description: 'The job is durable and goes on by itself; poll it.' },
);
