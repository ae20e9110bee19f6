// What was promised about jobs: every one that was named exists and has ended (I7, I10), the same request got the same
// one (I8), and no two sagas of one bot were ever open at once.

import type { Promises } from '../load/promises.ts';
import { ENDS } from '../load/watchers.ts';
import type { Verdict } from '../verdict.ts';
import type { Evidence, SagaEvidence } from './evidence.ts';

export function judgeJobs(
  { sagas }: Evidence,
  promises: Promises,
  shown: ReadonlyMap<string, string>,
  verdict: Verdict,
): void {
  const byId = new Map(sagas.map((saga) => [saga.id, saga]));
  for (const jobId of promises.jobs()) {
    const saga = byId.get(jobId);
    if (saga === undefined) verdict.violated('I7', `${jobId} was promised and does not exist`);
    else if (saga.open) verdict.violated('I10', `${jobId} has not ended`);
  }
  for (const [jobId, state] of shown) {
    if (!ENDS.has(state)) continue;
    verdict.expectSame('I9', `end of ${jobId}, which was shown`, state, byId.get(jobId)?.phase);
  }
  for (const [key, ids] of promises.keys()) {
    if (ids.size > 1) verdict.violated('I8', `key ${key} got ${[...ids].join(', ')}`);
  }
  for (const { instanceId, jobIds } of promises.groups()) {
    judgeTogether(instanceId, [...new Set(jobIds)], byId, verdict);
  }
  for (const { jobId, again } of promises.repeats()) {
    if (jobId === again || isCleaning(byId.get(again))) continue;
    verdict.violated('I8', `a repeat of ${jobId}, which had completed, got ${again}`);
  }
  for (const [key, own] of Map.groupBy(sagas, (saga) => saga.key)) {
    if (key.startsWith('bot/')) judgeOneAtATime(key, own, verdict);
  }
}

/** A deletion that had nothing to pay: it takes away what the platform's stale copies brought back. */
function isCleaning(saga: SagaEvidence | undefined): boolean {
  return saga?.kind === 'delete-bot' && (saga.result?.wallet ?? null) === null;
}

/** Another job is only right after the first one had ended, and had not deleted the bot. */
function judgeTogether(
  instanceId: string,
  jobIds: readonly string[],
  byId: ReadonlyMap<string, SagaEvidence>,
  verdict: Verdict,
): void {
  const found = jobIds.flatMap((id) => byId.get(id) ?? []);
  const byAge = found.sort((left, right) => left.createdAtMs - right.createdAtMs);
  for (const [index, { id, phase, finishedAtMs }] of byAge.slice(0, -1).entries()) {
    const next = byAge[index + 1];
    const isOver = isBefore(finishedAtMs, next);
    if (isOver && (phase !== 'completed' || isCleaning(next))) continue;
    verdict.violated('I8', `requests at once for ${instanceId} got ${id} and ${next?.id}`);
  }
}

function judgeOneAtATime(key: string, sagas: readonly SagaEvidence[], verdict: Verdict): void {
  const byAge = [...sagas].sort((left, right) => left.createdAtMs - right.createdAtMs);
  for (const [index, { id, finishedAtMs }] of byAge.slice(0, -1).entries()) {
    const next = byAge[index + 1];
    if (isBefore(finishedAtMs, next)) continue;
    verdict.violated('I8', `${id} and ${next?.id} were open at once on ${key}`);
  }
}

/** A moment in the log is the beginning of the command that wrote it, which many sagas share. */
const SLACK_MS = 2_000;

function isBefore(finishedAtMs: number | null, next: SagaEvidence | undefined): boolean {
  if (finishedAtMs === null || next === undefined) return false;
  return finishedAtMs <= next.createdAtMs + SLACK_MS;
}
