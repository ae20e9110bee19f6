// What is shown of a saga: a job. I9: it is computed from the stored record alone, so nothing is shown that is not durable,
// and progress counts finished steps whichever way they were finished: it never goes back when a saga does.

import type { SagaDefinition, Warning } from '../definition.ts';
import type { SagaRecord } from '../log/record.ts';
import { shownState } from '../log/version-watch.ts';
import type { Phase, StepFailure, StepState, StepStatus } from '../machine/state.ts';
import type { AcceptedJob, Job } from './job-schemas.ts';

export interface JobViewOptions {
  /** Knows the kinds of a definition's steps; left out: they are shown as null. */
  readonly registry?: KnownSagas | undefined;
  readonly nowMs?: (() => number) | undefined;
  /** What a reader is given of a failure or a warning. Default: its own message. */
  readonly wording?: ((failure: Warning) => string) | undefined;
}

/** The part of a `Registry` that is needed here. */
export interface KnownSagas {
  find(
    kind: string,
    version: number,
  ): { readonly shape: { readonly steps: readonly StepKind[] } } | undefined;
  readonly definitions?: readonly Pick<SagaDefinition, 'searchBy'>[];
}

interface StepKind {
  readonly name: string;
  readonly kind: string;
}

export function jobView(saga: SagaRecord, options: JobViewOptions = {}): Job {
  const { registry, nowMs = Date.now, wording = ({ message }) => message } = options;
  const { state } = saga;
  const { phase, cause } = shownState(saga, nowMs());
  const kinds = registry?.find(saga.kind, saga.version)?.shape.steps ?? [];
  const failure = (from: StepFailure) => ({
    class: from.class,
    code: from.code,
    message: wording(from),
  });
  return {
    jobId: saga.id,
    kind: saga.kind,
    state: phase,
    step: currentStep(saga),
    steps: state.steps.map((step) => stepView(step, kinds, failure)),
    progress: progressOf(saga),
    warnings: state.warnings.map((warning) => ({ code: warning.code, message: wording(warning) })),
    result: saga.result,
    error: cause === null ? null : { ...failure(cause), step: cause.step },
    createdAt: saga.createdAt,
    finishedAt: saga.finishedAt,
  };
}

/** The body of a 202. A client that reads no more than `success` and `message` takes the first for the end of it: it is
 * true only while nothing stands in the way. */
export function acceptedView({ id, state: { phase } }: SagaRecord, statusUrl: string): AcceptedJob {
  return {
    success: !HALTED.has(phase),
    message: UNDER_WAY[phase],
    jobId: id,
    state: phase,
    statusUrl,
  };
}

const HALTED: ReadonlySet<Phase> = new Set(['stuck', 'compensating']);

const UNDER_WAY: Readonly<Record<Phase, string>> = {
  queued: 'The job is accepted; it is not finished yet',
  running: 'The job is under way; it is not finished yet',
  compensating: 'The job did not succeed; what it did is being undone',
  stuck: 'The job is stuck and waits for an operator; it is not finished',
  completed: 'The job has ended',
  compensated: 'The job did not succeed; what it did was undone',
  cancelled: 'The job was cancelled',
};

function currentStep({ open, state }: SagaRecord): string | null {
  if (!open || state.phase === 'queued') return null;
  return state.steps[state.cursor]?.name ?? null;
}

function stepView(
  step: StepState,
  kinds: readonly StepKind[],
  failure: (from: StepFailure) => Job['steps'][number]['error'],
): Job['steps'][number] {
  return {
    name: step.name,
    kind: kinds.find(({ name }) => name === step.name)?.kind ?? null,
    status: step.status,
    attempts: step.attempts,
    startedAt: isoOrNull(step.startedAtMs),
    finishedAt: isoOrNull(step.finishedAtMs),
    error: step.error === null ? null : failure(step.error),
  };
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
