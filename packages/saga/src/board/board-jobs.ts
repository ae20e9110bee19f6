// What the board shows of a job: the saga behind it, read from the log for every answer (I9). The queue knows only that a
// wake-up waits, sleeps or failed; which step fails, how often and why is the log's, and copying it to Redis at every
// attempt would cost each saga for a page that is seldom open. While the log is away, jobs are shown as the queue has them.

import type { BoardHooks } from '@bull-board/api/typings/app';
import type { Job } from '../fastify/job-schemas.ts';
import { type JobViewOptions, jobView } from '../fastify/job-view.ts';
import type { SagaRecord } from '../log/record.ts';
import { isEnded } from '../machine/state.ts';
import { parseSagaId } from '../saga-id.ts';
import type { Sagas } from '../sagas.ts';

export interface BoardJobsOptions extends JobViewOptions {
  readonly sagas: Pick<Sagas, 'find'>;
  /** Where an operator finds more of a saga, and its verbs. */
  readonly pageOf?: ((id: string) => string) | undefined;
  readonly onError: (error: unknown) => void;
}

type AfterHook = NonNullable<BoardHooks['after']>;

/** To be called with every answer of the board's own API. */
export function createBoardJobs(options: BoardJobsOptions): AfterHook {
  return async ({ route, request }, result) => {
    try {
      return { ...result, body: await shown(options, route, request.params, result.body) };
    } catch (error) {
      options.onError(error);
      return result;
    }
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the board leaves the shape of its answers to the route.
type Body = any;

async function shown(
  options: BoardJobsOptions,
  route: string,
  params: Readonly<Record<string, unknown>>,
  body: Body,
): Promise<Body> {
  switch (route) {
    case '/api/queues':
      return { ...body, queues: await Promise.all(body.queues.map(withJobs(options))) };
    case '/api/queues/:queueName/:jobId':
      return { ...body, job: await withSaga(options, body.job) };
    case '/api/queues/:queueName/:jobId/logs':
      return logOf(options, params.jobId, body);
    default:
      return body;
  }
}

// The reads of a page are combined by the log into one query.
function withJobs(options: BoardJobsOptions) {
  return async (queue: Body) => ({
    ...queue,
    jobs: await Promise.all(queue.jobs.map((job: Body) => withSaga(options, job))),
  });
}

async function withSaga(options: BoardJobsOptions, job: Body): Promise<Body> {
  const id = parseSagaId(Reflect.get(Object(job?.data), 'sagaId'));
  if (id === undefined) return job;
  const saga = await options.sagas.find(id);
  if (saga === null) return { ...job, data: { ...job.data, saga: null } };
  const view = jobView(saga, options);
  return {
    ...job,
    name: titleOf(view, saga),
    progress: view.progress,
    data: { ...job.data, saga: summaryOf(view, saga) },
    ...(options.pageOf && {
      externalUrl: { displayText: 'The saga', href: options.pageOf(id) },
    }),
  };
}

/** e.g. `delete-user: stuck in cancel-subscription: NO_ANSWER`. */
function titleOf(view: Job, saga: SagaRecord): string {
  const trouble = troubleOf(view, saga);
  if (trouble === null) return view.kind;
  const how = view.state === 'stuck' ? 'stuck' : `${view.state}, failing`;
  return `${view.kind}: ${how} in ${trouble.step}: ${trouble.code}`;
}

function summaryOf(view: Job, saga: SagaRecord) {
  const { state, step, warnings, createdAt, finishedAt } = view;
  const { notBeforeMs } = saga.state;
  const isWaiting = state !== 'stuck' && !isEnded(state) && notBeforeMs !== null;
  return {
    state,
    step,
    attempts: attemptsAt(saga),
    error: troubleOf(view, saga),
    notBefore: isWaiting ? new Date(notBeforeMs).toISOString() : null,
    warnings,
    createdAt,
    finishedAt,
  };
}

/** Why it is stuck; else what made the step that it is at fail the last time. */
function troubleOf(view: Job, { open, state }: SagaRecord) {
  if (view.state === 'stuck') return view.error;
  const step = state.steps[state.cursor];
  if (!open || step === undefined || step.error === null) return null;
  return { ...step.error, step: step.name };
}

/** Of the step that it is at, in the direction that it is going. */
function attemptsAt({ state }: SagaRecord): number {
  const step = state.steps[state.cursor];
  const isBackwards = state.phase === 'compensating' || state.stuckFrom === 'compensating';
  return (isBackwards ? step?.compensations : step?.attempts) ?? 0;
}

/** Every entry of the history, then the state of each step, then what an operator can do about it. */
async function logOf(options: BoardJobsOptions, jobId: unknown, lines: Body): Promise<Body> {
  const id = parseSagaId(jobId);
  const saga = id === undefined ? null : await options.sagas.find(id);
  if (saga === null) return lines;
  const view = jobView(saga, options);
  const warnings = view.warnings.map(({ code, message }) => `warning ${code}: ${message}`);
  return [
    ...saga.history.map(historyLine),
    ...view.steps.map(stepLine),
    ...warnings,
    endOf(view, options),
  ];
}

function historyLine({ at, epoch, type, step, detail }: SagaRecord['history'][number]): string {
  const where = step === null ? '' : ` ${step}`;
  return `${at} epoch ${epoch}: ${type}${where}${detail === null ? '' : `: ${detail}`}`;
}

function stepLine({ name, status, attempts, error }: Job['steps'][number]): string {
  const tries = attempts > 1 ? `, ${attempts} attempts` : '';
  const why = error === null ? '' : `: ${error.code}: ${error.message}`;
  return `${name}: ${status}${tries}${why}`;
}

function endOf({ state, jobId }: Job, { pageOf }: BoardJobsOptions): string {
  if (state !== 'stuck') return `saga ${state}`;
  const where = pageOf === undefined ? '' : ` see ${pageOf(jobId)} for what can be done;`;
  return `saga stuck:${where} "Retry" here is the verb of the same name`;
}
