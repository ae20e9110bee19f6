// A BullMQ worker that runs sagas. A job's own state is made to follow the saga's, never the other way
// round: a saga that sleeps is a delayed job, a stuck one a failed job, everything else that ends is done.

import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { SagaRecord } from '../log/record.ts';
import { redact } from '../redact.ts';
import type { Clock } from '../run/clock.ts';
import { within } from '../run/deadline.ts';
import { rhythmOf } from '../run/lease-rhythm.ts';
import type { RunControl, Runner, RunOutcome } from '../run/runner.ts';
import { parseSagaId } from '../saga-id.ts';

export interface SagaWorkerOptions {
  readonly queue: string;
  readonly connection: Redis;
  readonly prefix: string;
  readonly runner: Pick<Runner, 'run'>;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly leaseMs: number;
  /** What the queue's repeated jobs do, by their names. */
  readonly ticks?: ReadonlyMap<string, () => Promise<void>>;
  readonly onError: (error: unknown) => void;
  readonly onStalled: (jobId: string) => void;
  /** A job of a saga that the log does not hold. */
  readonly onForeign: (jobId: string) => void;
}

/** Two stalls fail a job for good by default; a saga's worker may die more often than that. */
const MAX_STALLS = 1_000;
/** BullMQ waits 15 s by default before it tries again after a refusal. */
const ASK_AGAIN_MS = 1_000;
/** For interrupted sagas to give their leases and jobs back. */
const LAST_WORDS_MS = 1_000;

export function startSagaWorker(options: SagaWorkerOptions) {
  const { queue, connection, prefix, leaseMs } = options;
  const { stalledEveryMs, recheckMs } = rhythmOf(leaseMs);
  let isDraining = false;
  const worker = new Worker(
    queue,
    (job: Job, token?: string, signal?: AbortSignal) => {
      // A job is a wake-up under any name: its name is a saga's kind, which a tick might share.
      const tick = namedSaga(job) === undefined ? options.ticks?.get(job.name) : undefined;
      if (tick !== undefined) return tick().catch(rethrowReadable);
      return work(options, job, token, {
        signal: signal ?? new AbortController().signal,
        isDraining: () => isDraining,
        recheckMs,
      }).catch(rethrowReadable);
    },
    {
      connection,
      prefix,
      concurrency: options.concurrency,
      lockDuration: leaseMs,
      stalledInterval: stalledEveryMs,
      maxStalledCount: MAX_STALLS,
      runRetryDelay: ASK_AGAIN_MS,
    },
  );
  worker.on('error', options.onError);
  worker.on('stalled', options.onStalled);
  // A stuck saga is reported by its transition; every other failure of a job is reported only here.
  worker.on('failed', (_job, error) => {
    if (!(error instanceof UnrecoverableError)) options.onError(error);
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, 'lock lost');
  });
  return {
    /** Takes no new jobs, lets running sagas come to their next step boundary, and closes; interrupts those
     * that take longer than `deadlineMs` in the middle of their step. Idempotent. */
    close: async (deadlineMs: number): Promise<void> => {
      isDraining = true;
      const closed = worker
        .close()
        .catch(options.onError)
        .then(() => true);
      // `close` may hang while Redis is away, and as long as a saga waits for an answer.
      if (await within(closed, { ms: deadlineMs, late: false })) return;
      worker.cancelAllJobs('the worker is stopping');
      if (await within(closed, { ms: LAST_WORDS_MS, late: false })) return;
      // Connections that would keep waiting for Redis must not outlive the worker.
      void worker.disconnect().catch(options.onError);
    },
  };
}

// BullMQ stores the message and the stack of every thrown error, and the dashboard shows them.
function rethrowReadable(error: unknown): never {
  if (error instanceof DelayedError || error instanceof UnrecoverableError) throw error;
  throw new Error(redact(error instanceof Error ? error.message : String(error), REASON_CHARS));
}

const REASON_CHARS = 500;

interface WorkControl extends RunControl {
  readonly recheckMs: number;
}

async function work(
  { runner, clock, onForeign }: SagaWorkerOptions,
  job: Job,
  token: string | undefined,
  { recheckMs, ...control }: WorkControl,
): Promise<{ readonly state: string }> {
  const sagaId = parseSagaId(namedSaga(job));
  if (sagaId === undefined) throw new UnrecoverableError('the job names no saga');
  const outcome = await runner.run(sagaId, control);
  switch (outcome.status) {
    case 'at-rest':
      if (outcome.saga === null) return giveBack(job, token, recheckMs, onForeign);
      return finish(outcome.saga);
    default:
      await job.moveToDelayed(comeBackAt(outcome, clock, recheckMs), token);
      throw new DelayedError();
  }
}

// Sagas are stored before their jobs: one that is not here belongs to another installation, whose database is a copy
// of this one's. Its workers take it sooner or later; one that no worker has taken for long is a forgotten saga.
async function giveBack(
  job: Job,
  token: string | undefined,
  recheckMs: number,
  onForeign: (jobId: string) => void,
): Promise<never> {
  onForeign(String(job.id));
  if (Date.now() - job.timestamp > FOREIGN_KEPT_MS) {
    throw new UnrecoverableError('there is no such saga');
  }
  await job.moveToDelayed(Date.now() + recheckMs, token);
  throw new DelayedError();
}

const FOREIGN_KEPT_MS = 3_600_000;

function namedSaga(job: Job): unknown {
  return Reflect.get(Object(job.data), 'sagaId');
}

// BullMQ's delays go by this machine's clock, a saga's moments by the database's: on a machine that is ahead, a moment
// of the other would be over at once, and again, until the claim agrees.
function comeBackAt(
  outcome: Exclude<RunOutcome, { status: 'at-rest' }>,
  { nowMs }: Clock,
  recheckMs: number,
): number {
  // A claim that was lost, or a version this worker lacks: another worker runs it.
  const waitMs = outcome.status === 'later' ? outcome.atMs - nowMs() : recheckMs;
  return Date.now() + Math.max(0, waitMs);
}

function finish(saga: SagaRecord): { readonly state: string } {
  const { phase, cause } = saga.state;
  if (phase === 'stuck') {
    throw new UnrecoverableError(`stuck in ${cause?.step}: ${cause?.code}: ${cause?.message}`);
  }
  return { state: phase };
}
