// What the API shows of a saga: the engine's job, the bot that it is about, and for users the product's own words and
// results instead of texts that were written for operators.

import type { SagaRecord } from '@reclaim/saga';
import { jobView } from '@reclaim/saga/fastify';
import { Value } from 'typebox/value';
import { botOfKey } from '../deletion/bot-key.ts';
import type { ApiDependencies } from './dependencies.ts';
import { type Audience, messageFor } from './message-for.ts';
import type { Job, PlainWarnings } from './schemas/job.ts';
import { type SyncData, SyncResultSchema } from './schemas/sync.ts';

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

/** Whether it has ended, or goes on, with a warning of this code. */
export function hasWarning({ state }: Pick<SagaRecord, 'state'>, code: string): boolean {
  return state.warnings.some((warning) => warning.code === code);
}

/** Ended as an operator vouched, regardless of how far it had come. */
export function isEndedByHand(saga: Pick<SagaRecord, 'state'>): boolean {
  return hasWarning(saga, 'resolved-by-hand');
}

/** All that is known of one then: its bot is left as it was, and a payment that was in doubt may have landed (I9). */
export const BY_HAND = 'Closed by an operator; your bots and your balance show what it left';

/** Kinds whose result is what its user was promised, and nothing of how it came about. */
const FOR_USERS: ReadonlySet<string> = new Set(['delete-bot', 'reclaim-orphan', 'provision-bot']);

/** Some kinds are made for operators, and their results name hosts and containers. */
function resultFor(audience: Audience, { kind, result }: SagaRecord): unknown {
  if (audience === 'operator' || FOR_USERS.has(kind)) return result;
  if (kind !== 'sync-wallet' || !Value.Check(SyncResultSchema, result)) return null;
  return { ...result, data: syncFor(audience, result.data) };
}

/** What a synchronisation left alone has the reason's code for its user, and behind it the sources' own reasons for an
 * operator. */
export function syncFor(audience: Audience, data: SyncData): SyncData {
  if (audience === 'operator') return data;
  const skipped = data.skipped.map(({ botId, reason }) => {
    const [code = ''] = reason.split(':', 1);
    return { botId, reason: code };
  });
  return { ...data, skipped };
}
