// The door of the engine: everything that a product may use of it. What is not named here is the engine's own and may
// change with any version. Technologies have doors of their own: ./mongodb, ./queue, ./metrics, ./tracing.

export { type WithWarnings, waitUntil, withWarnings } from './define/outcome.ts';
export { type OpenSaga, type Saga, type SagaOptions, saga } from './define/saga.ts';
export type {
  CompensatableOptions,
  HoldOptions,
  PivotOptions,
  RetriableOptions,
  StepContext,
  TypedFacts,
} from './define/step-options.ts';
export type {
  CompensatableStep,
  Observation,
  Observed,
  PivotStep,
  RetriableStep,
  SagaDefinition,
  SagaFacts,
  StepCall,
  StepDefinition,
  StepResult,
  Warning,
} from './definition.ts';
export {
  createEngine,
  type Engine,
  type EngineOptions,
  type EngineWorker,
} from './engine/engine.ts';
export type { EngineEvents } from './engine/engine-events.ts';
export type { Job, StartOptions } from './engine/job.ts';
export type { EngineSchedule } from './engine/start-relay.ts';
export type { WorkerOptions } from './engine/start-worker.ts';
export {
  BadCursorError,
  FencedError,
  HoldError,
  InDoubtError,
  InterruptedError,
  RetryableError,
  SagaError,
  type SagaErrorOptions,
  TerminalError,
  UnavailableError,
} from './errors.ts';
export type { Json } from './json.ts';
export type { LeaderLeases } from './log/mongodb/mongo-leader-leases.ts';
export type { OpenSagas } from './log/mongodb/open-summary.ts';
export type { SagaRecord } from './log/record.ts';
export type { SagaFilter, SagaLog, SagaPage, SagaTrait } from './log/saga-log.ts';
export {
  isAtRest,
  isEnded,
  type Phase,
  type StepFailure,
  type StepState,
  type StepStatus,
} from './machine/state.ts';
export type { Order, OrderResult } from './operate/operators.ts';
export type { Plan } from './operate/plan.ts';
export type { CancelResult } from './operate/request-cancel.ts';
export type { WakeUps } from './queue/wake-ups.ts';
export { redact } from './redact.ts';
export type { Registry } from './registry.ts';
export type { Clock } from './run/clock.ts';
export { isWithin } from './run/clock.ts';
export { pause, withDeadline, within } from './run/deadline.ts';
export { toFailure } from './run/failure.ts';
export type { Transition } from './run/journal.ts';
export { leaseToOutlast } from './run/lease-rhythm.ts';
export { createPeriodic, type Periodic } from './run/periodic.ts';
export { type StoredOf, stored } from './run/stored.ts';
export type { Tracer } from './run/tracer.ts';
export { parseSagaId, type SagaId, toSagaId } from './saga-id.ts';
export type { SagaOrder, Sagas } from './sagas.ts';
