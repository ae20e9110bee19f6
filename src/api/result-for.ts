// The result of a job, for its reader. Some kinds are made for operators, and their results name hosts and containers;
// what a synchronisation left alone has the reason's code for its user, and behind it the sources' own reasons for an
// operator.

import type { SagaRecord } from '@reclaim/saga';
import { Value } from 'typebox/value';
import type { Audience } from './message-for.ts';
import { type SyncData, SyncResultSchema } from './schemas/sync.ts';

/** Kinds whose result is what its user was promised, and nothing of how it came about. */
const FOR_USERS: ReadonlySet<string> = new Set(['delete-bot', 'reclaim-orphan', 'provision-bot']);

export function resultFor(audience: Audience, { kind, result }: SagaRecord): unknown {
  if (audience === 'operator' || FOR_USERS.has(kind)) return result;
  if (kind !== 'sync-wallet' || !Value.Check(SyncResultSchema, result)) return null;
  return { ...result, data: syncFor(audience, result.data) };
}

export function syncFor(audience: Audience, data: SyncData): SyncData {
  if (audience === 'operator') return data;
  const skipped = data.skipped.map(({ botId, reason }) => {
    const [code = ''] = reason.split(':', 1);
    return { botId, reason: code };
  });
  return { ...data, skipped };
}
