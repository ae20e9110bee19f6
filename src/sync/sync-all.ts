// The saga that observes all users: survey, judge, schedule, follow, record. The guards judge the whole of what was
// observed before anything is recorded or scheduled; every user that drifted then gets one run of their own, which
// observes again and repairs, so that there is one path for repairs and only drifted users cost a job.

import { randomUUID } from 'node:crypto';
import {
  type Json,
  type StepContext,
  saga,
  toSagaId,
  waitUntil,
  withWarnings,
} from '@reclaim/saga';
import { followRuns, startRuns } from './follow-runs.ts';
import { recordAll } from './record-all.ts';
import { surveyAll } from './survey.ts';
import { SYNC_ALL, SYNC_ALL_INPUT, type SyncAllInput, syncAllKey } from './sync-all-input.ts';
import {
  FOLLOWED,
  type FollowedRuns,
  type Guard,
  JUDGEMENT,
  type Judgement,
  SCHEDULED,
  SURVEY,
  type SurveyTotals,
} from './sync-all-report.ts';
import { SYNC_RETRY, type SyncAllPorts } from './sync-ports.ts';
import { SUSPECT_DELAY_MS } from './sync-wallet-input.ts';

/** Of hundreds of thousands of users, on a busy database. */
const SURVEY_TIMEOUT_MS = 15 * 60_000;
const STEP_TIMEOUT_MS = 10 * 60_000;
/** How often a run that is waited for reads the runs of its users. */
const RECHECK_MS = 2_000;

const SURVEYING = { retry: SYNC_RETRY, timeoutMs: SURVEY_TIMEOUT_MS } as const;
const STEPPING = { retry: SYNC_RETRY, timeoutMs: STEP_TIMEOUT_MS } as const;

export function createSyncAllSaga(ports: SyncAllPorts) {
  return saga(SYNC_ALL, {
    queue: 'sync',
    idPrefix: 'all',
    inputSchema: SYNC_ALL_INPUT,
    key: (input: SyncAllInput) => syncAllKey(input),
  })
    .retriable('survey', {
      ...SURVEYING,
      resultSchema: SURVEY,
      run: (call) => survey(ports, call),
    })
    .retriable('judge', {
      ...STEPPING,
      resultSchema: JUDGEMENT,
      run: (call) => judge(ports, call),
    })
    .retriable('schedule', {
      ...STEPPING,
      resultSchema: SCHEDULED,
      run: (call) => schedule(ports, call),
    })
    .retriable('follow', {
      ...STEPPING,
      resultSchema: FOLLOWED,
      run: (call) => follow(ports, call),
    })
    .retriable('record', { ...STEPPING, run: (call) => record(ports, call) })
    .returns(({ results }) => results.record ?? null);
}

type Call<Results = object> = StepContext<SyncAllInput, object, Results>;
type Surveyed = Call<{ readonly survey: SurveyTotals }>;
type Judged = Call<{ readonly survey: SurveyTotals; readonly judge: Judgement }>;

function survey(ports: SyncAllPorts, call: Call): Promise<SurveyTotals> {
  const { force, dryRun } = call.input;
  const keepOrphans = force ? Number.POSITIVE_INFINITY : ports.settings.maxRefunds + 1;
  const order = {
    listId: [call.sagaId, randomUUID()].join('/'),
    beganAtMs: call.nowMs(),
    keepOrphans,
    isNoted: !dryRun,
  };
  return surveyAll(ports, order, call);
}

function judge({ settings }: SyncAllPorts, { input, results }: Surveyed) {
  const { force } = input;
  const guard = judgeRun(results.survey, settings.maxRefunds);
  const judgement: Judgement = { guard, isStopped: guard !== null && !force };
  if (guard === null) return judgement;
  return withWarnings(judgement, [{ code: guard, message: GUARD_MESSAGES[guard] }]);
}

const GUARD_MESSAGES: Record<Guard, string> = {
  'too-many-refunds': 'more orphans at once than SYNC_MAX_REFUNDS',
  'too-large-a-share': 'more than a fifth of all allocations would be orphans',
  'no-containers': 'Docker shows no bot at all while allocations exist',
};

async function schedule(ports: SyncAllPorts, call: Judged) {
  const { trigger } = call.input;
  if (isIdle(call)) return { users: 0 };
  // Nor are runs, on the word of a survey that is not in the log: the next one would miss what they repair meanwhile.
  await call.fencedWrite();
  const delayMs = trigger === 'passive' ? SUSPECT_DELAY_MS : ports.settings.confirmMs;
  const order = {
    runId: toSagaId(call.sagaId),
    listId: call.results.survey.listId,
    nowMs: call.nowMs(),
    delayMs,
  };
  return { users: await startRuns(ports, order, call) };
}

// A passive run waits for no repairs: the runs of its users are on their way by themselves.
async function follow(ports: SyncAllPorts, call: Judged) {
  const { trigger } = call.input;
  if (trigger === 'passive' || isIdle(call)) return;
  const followed = await followRuns(ports, call.results.survey.listId, call);
  return followed.open > 0 ? waitUntil(call.nowMs() + RECHECK_MS, followed) : followed;
}

function record(
  ports: SyncAllPorts,
  call: Call<{
    readonly survey: SurveyTotals;
    readonly judge: Judgement;
    readonly schedule: { readonly users: number };
    readonly follow?: FollowedRuns;
  }>,
): Promise<Json> {
  const { results } = call;
  const run = {
    runId: toSagaId(call.sagaId),
    input: call.input,
    survey: results.survey,
    judgement: results.judge,
    followed: results.follow ?? null,
    users: results.schedule.users,
    atMs: call.startedAtMs ?? call.nowMs(),
  };
  return recordAll(ports, run, call.fence);
}

function isIdle({ input, results }: Judged): boolean {
  return input.dryRun || results.judge.isStopped;
}

// The guards of a run over all users, judged on the whole of what it observed before anything is recorded or scheduled:
// so many orphans at once are more likely a mistake of ours, or a host that lost its containers, than the truth.

/** The share of all allocations that may be orphaned at once. */
const MAX_SHARE = 0.2;
/** A share says nothing of a handful. */
const SHARE_FLOOR = 10;

/** Null: go on. @param maxRefunds SYNC_MAX_REFUNDS. */
export function judgeRun(
  {
    allocations,
    orphans,
    containers,
  }: Pick<SurveyTotals, 'allocations' | 'orphans' | 'containers'>,
  maxRefunds: number,
): Guard | null {
  if (containers === 0 && allocations > 0) return 'no-containers';
  if (orphans > maxRefunds) return 'too-many-refunds';
  if (orphans > SHARE_FLOOR && orphans > allocations * MAX_SHARE) return 'too-large-a-share';
  return null;
}
