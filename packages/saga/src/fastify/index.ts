// The engine over HTTP, on Fastify: the routes of jobs and operators, and what a product's own requests that begin a saga
// need beside them: answers that are held back, views, schemas and problems.

export type { Caller, Role } from './access.ts';
export { createEndWaits, type EndWaits } from './end-waits.ts';
export {
  createHeldAnswers,
  type EndedBodies,
  type HeldAnswers,
  sendAccepted,
} from './held-answers.ts';
export {
  AcceptedJobSchema,
  DEFAULT_PAGE_SIZE,
  JOB_FIELDS,
  JobParamsSchema,
  JobStateSchema,
  PageQuery,
  WaitHeadersSchema,
} from './job-schemas.ts';
export type { StreamLimits } from './job-streams.ts';
export { jobView, type KnownSagas } from './job-view.ts';
export {
  DETAIL_FIELDS,
  orderBody,
  PLAN_FIELDS,
  ReasonSchema,
  SUMMARY_FIELDS,
} from './operator-schemas.ts';
export type { RoutedSagas, SagaRoutesOptions } from './options.ts';
export {
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  Problem,
  type ProblemOptions,
  problemDocument,
} from './problem.ts';
export { sagaRoutes } from './saga-routes.ts';
export { toProblem } from './to-problem.ts';
export { planView, sagaDetail, sagaSummary } from './views.ts';
