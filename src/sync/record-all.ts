// The end of a run over all users: its sample, its counts, and what an administrator reads of it.

import type { Json, SagaId } from '@reclaim/saga';
import type { Fence } from './mongodb/suspects.ts';
import type { SyncAllInput } from './sync-all-input.ts';
import type { FollowedRuns, Judgement, SurveyTotals } from './sync-all-report.ts';
import type { SyncAllPorts } from './sync-ports.ts';

export interface AllRunToRecord {
  readonly runId: SagaId;
  readonly input: SyncAllInput;
  readonly survey: SurveyTotals;
  readonly judgement: Judgement;
  /** Null: the run did not wait for its repairs. */
  readonly followed: FollowedRuns | null;
  /** Users whose run was started. */
  readonly users: number;
  /** Database time, ms: the beginning of the run. */
  readonly atMs: number;
}

/** Drifts shown with the job; the rest stay with the run. */
const SHOWN = 100;

export async function recordAll(
  ports: SyncAllPorts,
  run: AllRunToRecord,
  fence: Fence,
): Promise<Json> {
  const { input, survey, judgement, followed } = run;
  if (!input.dryRun) await remember(ports, run, fence);
  const drifts = await ports.runDrifts.sample(survey.listId, SHOWN);
  const { orphanValueMinor, isPoolStateUnknown: _shownInReasons, ...ownOfRun } = survey;
  const { beganAtMs: _, listId: _list, ...counts } = ownOfRun;
  return {
    ...counts,
    reasons: [...survey.reasons],
    ghostSample: [...survey.ghostSample],
    orphanValue: orphanValueMinor / 100,
    dryRun: input.dryRun,
    stoppedBy: judgement.isStopped ? judgement.guard : null,
    scheduledUsers: run.users,
    repaired: followed?.repaired ?? null,
    totalReturned: followed === null ? null : followed.returnedMinor / 100,
    drifts: drifts.map(({ userId, instanceId, verdict, valueMinor }) => ({
      userId,
      botId: instanceId,
      verdict,
      value: valueMinor === null ? null : valueMinor / 100,
    })),
  };
}

async function remember(ports: SyncAllPorts, run: AllRunToRecord, fence: Fence): Promise<void> {
  const { runId, input, survey, judgement, followed, atMs } = run;
  const at = new Date(atMs).toISOString();
  const isWhole = !judgement.isStopped && survey.unknown === 0;
  // Only a run that could observe all users' bots may say that a suspicion is over.
  if (isWhole) {
    const began = { id: runId, beganAt: new Date(survey.beganAtMs) };
    await ports.suspects.clearUnobserved(began, fence);
  }
  const { oldestSeconds } = await ports.suspects.summary(null);
  await ports.samples.write({
    runId,
    userId: null,
    at,
    count: survey.orphans,
    valueMinor: survey.orphanValueMinor,
    oldestSeconds,
    repaired: followed?.repaired ?? 0,
  });
  const { meter } = ports;
  const outcome = judgement.isStopped ? 'stopped' : 'completed';
  meter.runEnded({ kind: 'sync-all', trigger: input.trigger, outcome });
  if (judgement.isStopped && judgement.guard !== null) meter.guardStopped(judgement.guard);
  if (survey.isPoolStateUnknown) meter.unknownSource('pool-state');
  if (survey.reasons.length > (survey.isPoolStateUnknown ? 1 : 0)) meter.unknownSource('docker');
}
