// What the API shows of a saga: the engine's job, the bot that it is about, and for users the product's own words and
// results instead of texts that were written for operators.

import type { SagaRecord } from '@reclaim/saga';
import { jobView } from '@reclaim/saga/fastify';
import { botOfKey } from '../deletion/bot-key.ts';
import type { ApiDependencies } from './dependencies.ts';
import { type Audience, messageFor } from './message-for.ts';
import { resultFor } from './result-for.ts';
import type { Job, PlainWarnings } from './schemas/job.ts';

/** Path of the API; the board's and the health routes stand beside it. */
export const API_PREFIX = '/api/freqtrade';

export type JobDependencies = Pick<ApiDependencies, 'registry' | 'now'>;

export function botJob(
  saga: SagaRecord,
  { registry, now }: JobDependencies,
  audience: Audience,
): Job {
  const wording = (failure: Parameters<typeof messageFor>[1]) => messageFor(audience, failure);
  return {
    ...jobView(saga, { registry, nowMs: () => now().getTime(), wording }),
    botId: botOfKey(saga.key),
    result: resultFor(audience, saga),
  };
}

/** The warnings for clients of the platform, which show each as a line: sentences, and their codes in the same order. Both
 * are left out where there is nothing to warn of. */
export function plainWarnings({ state }: SagaRecord, audience: Audience): PlainWarnings {
  if (state.warnings.length === 0) return {};
  return {
    warnings: state.warnings.map((warning) => messageFor(audience, warning)),
    warningCodes: state.warnings.map(({ code }) => code),
  };
}

export function statusUrl(jobId: string): string {
  return `${API_PREFIX}/jobs/${jobId}`;
}
