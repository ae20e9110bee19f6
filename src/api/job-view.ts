// What the API shows of a saga. I9: it is computed from the stored record alone, so nothing is shown
// that is not durable, and progress counts finished steps whichever way they were finished: it never
// goes back when a saga does.

import {
  type Phase,
  type SagaRecord,
  type StepFailure,
  type StepState,
  type StepStatus,
  shownState,
} from '@reclaim/saga';
import { botOfKey } from '../deletion/bot-key.ts';
import type { ApiDependencies, StepKind } from './dependencies.ts';
import type { AcceptedJob, Job, PlainWarnings } from './schemas/job.ts';
import { type Audience, told } from './told.ts';
import { toldResult } from './told-result.ts';

/** Path of the API; the board's and the health routes stand beside it. */
export const API_PREFIX = '/api/freqtrade';

export function jobView(
  saga: SagaRecord,
  { stepKinds, now }: Pick<ApiDependencies, 'stepKinds' | 'now'>,
  audience: Audience,
): Job {
  const { state } = saga;
  const { phase, cause } = shownState(saga, now().getTime());
  const kinds = stepKinds(saga.kind, saga.version);
  return {
    jobId: saga.id,
    kind: saga.kind,
    botId: botOfKey(saga.key),
    state: phase,
    step: currentStep(saga),
    steps: state.steps.map((step) => stepView(step, kinds, audience)),
    progress: progressOf(saga),
    warnings: warningsView(saga, audience),
    result: toldResult(audience, saga),
    error: cause === null ? null : { ...failureView(cause, audience), step: cause.step },
    createdAt: saga.createdAt,
    finishedAt: saga.finishedAt,
  };
}

function warningsView({ state }: SagaRecord, audience: Audience): Job['warnings'] {
  return state.warnings.map((warning) => ({
    code: warning.code,
    message: told(audience, warning),
  }));
}

/** The same for clients of the platform, which show each as a line: sentences, and their codes in the same order. Both
 * are left out where there is nothing to warn of. */
export function plainWarnings(saga: SagaRecord, audience: Audience): PlainWarnings {
  const warnings = warningsView(saga, audience);
  if (warnings.length === 0) return {};
  return {
    warnings: warnings.map(({ message }) => message),
    warningCodes: warnings.map(({ code }) => code),
  };
}

/** The body of a 202. A client that reads no more than `success` and `message` takes the first for the end of it: it is
 * true only while nothing stands in the way. */
export function acceptedView(saga: SagaRecord): AcceptedJob {
  const { phase } = saga.state;
  return {
    success: !HALTED.has(phase),
    message: UNDER_WAY[phase],
    jobId: saga.id,
    state: phase,
    statusUrl: statusUrl(saga.id),
  };
}

const HALTED: ReadonlySet<Phase> = new Set(['stuck', 'compensating']);

const UNDER_WAY: Readonly<Record<Phase, string>> = {
  queued: 'The job is accepted; it is not finished yet',
  running: 'The job is under way; it is not finished yet',
  compensating: 'The job did not succeed; what it did is being undone',
  stuck: 'The job stands still and waits for an operator; it is not finished',
  completed: 'The job has ended',
  compensated: 'The job did not succeed; what it did was undone',
  cancelled: 'The job was cancelled',
};

export function statusUrl(jobId: string): string {
  return `${API_PREFIX}/jobs/${jobId}`;
}

function currentStep({ open, state }: SagaRecord): string | null {
  if (!open || state.phase === 'queued') return null;
  return state.steps[state.cursor]?.name ?? null;
}

function stepView(
  step: StepState,
  kinds: Readonly<Record<string, StepKind>> | null,
  audience: Audience,
): Job['steps'][number] {
  const known = kinds !== null && Object.hasOwn(kinds, step.name);
  return {
    name: step.name,
    kind: known ? (kinds[step.name] ?? null) : null,
    status: step.status,
    attempts: step.attempts,
    startedAt: isoOrNull(step.startedAtMs),
    finishedAt: isoOrNull(step.finishedAtMs),
    error: step.error === null ? null : failureView(step.error, audience),
  };
}

function failureView(failure: StepFailure, audience: Audience) {
  return { class: failure.class, code: failure.code, message: told(audience, failure) };
}

function progressOf({ open, state }: SagaRecord): number {
  if (!open) return 100;
  const finished = state.steps.filter((step) => FINISHED.has(step.status)).length;
  return Math.floor((100 * finished) / Math.max(1, state.steps.length));
}

const FINISHED: ReadonlySet<StepStatus> = new Set([
  'done',
  'skipped',
  'failed',
  'compensating',
  'compensated',
]);

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
