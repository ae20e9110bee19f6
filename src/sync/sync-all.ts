// The saga that looks at everybody: survey, judge, schedule, follow, record. The guards judge the whole of what was
// seen before anything is marked or scheduled; every user that drifted then gets one run of their own, which looks
// again and repairs, so that there is one path for repairs and only drifted users cost a job.

import {
  type Json,
  type RetriableStep,
  type SagaDefinition,
  type SagaId,
  type StepCall,
  toSagaId,
} from '@reclaim/saga';
import { followRuns, startRuns } from './follow-runs.ts';
import { type Guard, judgeRun } from './guards.ts';
import { recordAll } from './record-all.ts';
import { surveyAll } from './survey.ts';
import { readSyncAllInput, SYNC_ALL, type SyncAllInput, syncAllKey } from './sync-all-input.ts';
import { FOLLOWED, JUDGEMENT, SURVEY } from './sync-all-report.ts';
import { SUSPECT_DELAY_MS } from './sync-orders.ts';
import { SYNC_RETRY, type SyncAllPorts } from './sync-ports.ts';

const STEP = {
  survey: 'survey',
  judge: 'judge',
  schedule: 'schedule',
  follow: 'follow',
  record: 'record',
} as const;

/** Of hundreds of thousands of users, on a busy database. */
const SURVEY_TIMEOUT_MS = 15 * 60_000;
const STEP_TIMEOUT_MS = 10 * 60_000;
/** How often a run that is waited for looks at the runs of its users. */
const RECHECK_MS = 2_000;

export function createSyncAllSaga(ports: SyncAllPorts): SagaDefinition {
  return {
    name: SYNC_ALL,
    version: 1,
    queue: 'sync',
    idPrefix: 'all',
    key: (input) => syncAllKey(readSyncAllInput(input)),
    steps: [
      step(STEP.survey, SURVEY_TIMEOUT_MS, (call) => survey(ports, call)),
      step(STEP.judge, STEP_TIMEOUT_MS, async (call) => judge(ports, call)),
      step(STEP.schedule, STEP_TIMEOUT_MS, (call) => schedule(ports, call)),
      step(STEP.follow, STEP_TIMEOUT_MS, (call) => follow(ports, call)),
      step(STEP.record, STEP_TIMEOUT_MS, (call) => record(ports, call)),
    ],
    result: ({ results }): Json => results[STEP.record] ?? null,
  };
}

async function survey(ports: SyncAllPorts, call: StepCall) {
  const { force, dryRun } = readSyncAllInput(call.input);
  const keepOrphans = force ? Number.POSITIVE_INFINITY : ports.settings.maxRefunds + 1;
  const order = {
    runId: runIdOf(call),
    beganAtMs: call.nowMs(),
    keepOrphans,
    isNoted: !dryRun,
  };
  const value = await surveyAll(ports, order, call);
  return { value: SURVEY.write(value) };
}

function judge({ settings }: SyncAllPorts, call: StepCall) {
  const { force } = readSyncAllInput(call.input);
  const guard = judgeRun(SURVEY.read(call.results[STEP.survey]), settings.maxRefunds);
  const value = JUDGEMENT.write({ guard, isStopped: guard !== null && !force });
  if (guard === null) return { value };
  return { value, warnings: [{ code: guard, message: GUARD_MESSAGES[guard] }] };
}

const GUARD_MESSAGES: Record<Guard, string> = {
  'too-many-refunds': 'more orphans at once than SYNC_MAX_REFUNDS',
  'too-large-a-share': 'more than a fifth of all allocations would be orphans',
  'no-containers': 'Docker shows no bot at all while allocations exist',
};

async function schedule(ports: SyncAllPorts, call: StepCall) {
  const { trigger } = readSyncAllInput(call.input);
  if (isIdle(call)) return { value: { users: 0 } };
  const delayMs = trigger === 'passive' ? SUSPECT_DELAY_MS : ports.settings.confirmMs;
  const isAgain = call.epoch > 1 || call.attempt > 1;
  const order = { runId: runIdOf(call), nowMs: call.nowMs(), delayMs, isAgain };
  return { value: { users: await startRuns(ports, order, call) } };
}

// Nobody waits for a passive run: the runs of its users are on their way by themselves.
async function follow(ports: SyncAllPorts, call: StepCall) {
  const { trigger } = readSyncAllInput(call.input);
  if (trigger === 'passive' || isIdle(call)) return {};
  const followed = await followRuns(ports, runIdOf(call), call);
  const value = FOLLOWED.write(followed);
  return followed.open > 0 ? { value, waitUntilMs: call.nowMs() + RECHECK_MS } : { value };
}

async function record(ports: SyncAllPorts, call: StepCall) {
  const input: SyncAllInput = readSyncAllInput(call.input);
  const users = Number(Reflect.get(Object(call.results[STEP.schedule]), 'users'));
  const value = await recordAll(ports, {
    runId: runIdOf(call),
    input,
    survey: SURVEY.read(call.results[STEP.survey]),
    judgement: JUDGEMENT.read(call.results[STEP.judge]),
    followed: FOLLOWED.readOrNull(call.results[STEP.follow]),
    users,
    atMs: call.startedAtMs ?? call.nowMs(),
  });
  return { value };
}

function isIdle(call: StepCall): boolean {
  return readSyncAllInput(call.input).dryRun || JUDGEMENT.read(call.results[STEP.judge]).isStopped;
}

function step(name: string, timeoutMs: number, run: RetriableStep['run']): RetriableStep {
  return { kind: 'retriable', name, retry: SYNC_RETRY, timeoutMs, run };
}

function runIdOf({ sagaId }: StepCall): SagaId {
  return toSagaId(sagaId);
}
