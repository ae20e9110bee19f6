// The suspects of one run: recorded at its first observation, ended for what it repaired or observed to live. What it
// left alone, for whatever reason, stays one, and keeps the moment it was first seen.

import type { SagaId } from '@reclaim/saga';
import type { InstanceId } from '../domain/ids.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { Fence, SuspectSummary, Suspects } from './mongodb/suspects.ts';
import type { DriftNote, RunReport } from './sync-reports.ts';

interface SuspectsPort {
  readonly suspects: Suspects;
}

/** Records the orphans of a first observation. @returns what all of the user's come to. */
export async function markSuspects(
  { suspects }: SuspectsPort,
  { userId }: BotOwner,
  { drifts }: RunReport,
  { runId, fence }: { readonly runId: SagaId; readonly fence: Fence },
): Promise<SuspectSummary> {
  const orphans = drifts.filter(({ verdict }) => verdict === 'orphan');
  await suspects.mark(
    orphans.map(({ instanceId, allocation }) => {
      const { incarnationId = null, value = null } = allocation ?? {};
      return { userId, instanceId, incarnationId, value, runId };
    }),
    fence,
  );
  await clearAllBut({ suspects }, userId, drifts.filter(isNotObserved), fence);
  return suspects.summary(userId);
}

export async function forgetSuspects(
  { suspects }: SuspectsPort,
  { userId }: BotOwner,
  { drifts }: RunReport,
  fence: Fence,
): Promise<void> {
  const left = drifts.filter(
    (note) => isNotObserved(note) && note.outcome !== 'repaired' && note.outcome !== 'resolved',
  );
  await clearAllBut({ suspects }, userId, left, fence);
}

// An unknown source does not end a suspicion.
function isNotObserved({ verdict }: DriftNote): boolean {
  return verdict === 'orphan' || verdict === 'unknown';
}

async function clearAllBut(
  { suspects }: SuspectsPort,
  userId: BotOwner['userId'],
  left: readonly { readonly instanceId: InstanceId }[],
  fence: Fence,
): Promise<void> {
  const kept = new Set(left.map(({ instanceId }) => instanceId));
  const known = await suspects.ofUser(userId);
  const over = known.map(({ instanceId }) => instanceId).filter((id) => !kept.has(id));
  if (over.length > 0) await suspects.clear(userId, over, fence);
}
