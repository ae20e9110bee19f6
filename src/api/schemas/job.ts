// A job is what the API shows of a saga; its id is the saga's id.

import { JOB_FIELDS } from '@reclaim/saga/fastify';
import { type Static, Type } from 'typebox';

export type PlainWarnings = { readonly warnings?: string[]; readonly warningCodes?: string[] };
/** In the body of an end that was waited for. */
export const PLAIN_WARNINGS = {
  warnings: Type.Optional(Type.Array(Type.String(), { description: 'Sentences.' })),
  warningCodes: Type.Optional(
    Type.Array(Type.String(), { description: 'Of the warnings, in their order.' }),
  ),
};

export type Job = Static<typeof JobSchema>;
export const JobSchema = Type.Object(
  {
    ...JOB_FIELDS,
    botId: Type.Union([Type.String(), Type.Null()], {
      description: 'The bot that it is about; null where it is about more than one.',
    }),
  },
  { description: 'The job as the log has it.' },
);
