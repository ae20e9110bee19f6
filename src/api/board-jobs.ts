// What the board shows of a job: the saga behind it, read from the log at every look (I9). The queue knows only that a
// wake-up waits, sleeps or failed; which step fails, how often and why is the log's, and copying it to Redis at every
// attempt would cost each saga for a page that is seldom open. While the log is away, jobs are shown as the queue has them.

import type { BoardHooks } from '@bull-board/api/typings/app';
import { isEnded, parseSagaId, type SagaRecord } from '@reclaim/saga';
import type { ApiDependencies } from './dependencies.ts';
import { jobView } from './job-view.ts';
import type { Job } from './schemas/job.ts';

export type BoardJobsDependencies = Pick<ApiDependencies, 'sagas' | 'stepKinds' | 'now'> & {
  readonly onError: (error: unknown) => void;
};

type AfterHook = NonNullable<BoardHooks['after']>;

/** To be called with every answer of the board's own API. */
export function createBoardJobs(deps: BoardJobsDependencies): AfterHook {
  return async ({ route, request }, result) => {
    try {
      return { ...result, body: await shown(deps, route, request.params, result.body) };
    } catch (error) {
      deps.onError(error);
      return result;
    }
  };
}

/** Where Bull Board stands. */
export const QUEUE_BOARD_PATH = '/admin/queues';

/** The page of a saga, which the board's session opens too. */
const sagaPageUrl = (id: string) => `/ops?saga=${id}`;

// biome-ignore lint/suspicious/noExplicitAny: the board leaves the shape of its answers to the route.
type Body = any;

async function shown(
  deps: BoardJobsDependencies,
  route: string,
  params: Readonly<Record<string, unknown>>,
  body: Body,
): Promise<Body> {
  switch (route) {
    case '/api/queues':
      return { ...body, queues: await Promise.all(body.queues.map(withJobs(deps))) };
    case '/api/queues/:queueName/:jobId':
      return { ...body, job: await withSaga(deps, body.job) };
    case '/api/queues/:queueName/:jobId/logs':
      return logOf(deps, params.jobId, body);
    default:
      return body;
  }
}

// The reads of a page are combined by the log into one query.
function withJobs(deps: BoardJobsDependencies) {
  return async (queue: Body) => ({
    ...queue,
    jobs: await Promise.all(queue.jobs.map((job: Body) => withSaga(deps, job))),
  });
}

async function withSaga(deps: BoardJobsDependencies, job: Body): Promise<Body> {
  const id = parseSagaId(Reflect.get(Object(job?.data), 'sagaId'));
  if (id === undefined) return job;
  const saga = await deps.sagas.find(id);
  if (saga === null) return { ...job, data: { ...job.data, saga: null } };
  const view = jobView(saga, deps, 'operator');
  return {
    ...job,
    name: titleOf(view, saga),
    progress: view.progress,
    data: { ...job.data, saga: summaryOf(view, saga) },
    externalUrl: { displayText: 'The saga', href: sagaPageUrl(id) },
  };
}

/** e.g. `delete-bot: stuck in stop-container: STOP_FAILED`. */
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

/** Every entry of the history, then how each step stands, then what an administrator can do about it. */
async function logOf(deps: BoardJobsDependencies, jobId: unknown, lines: Body): Promise<Body> {
  const id = parseSagaId(jobId);
  const saga = id === undefined ? null : await deps.sagas.find(id);
  if (saga === null) return lines;
  const view = jobView(saga, deps, 'operator');
  const warnings = view.warnings.map(({ code, message }) => `warning ${code}: ${message}`);
  return [...saga.history.map(historyLine), ...view.steps.map(stepLine), ...warnings, endOf(view)];
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

function endOf({ state, jobId }: Job): string {
  if (state !== 'stuck') return `saga ${state}`;
  return `saga stuck: see ${sagaPageUrl(jobId)} for what can be done; "Retry" here is the same as there`;
}
