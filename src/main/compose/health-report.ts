// Which dependencies can do their work and which cannot, each checked for what is needed of it (a write, where writes
// are needed: a server that was demoted answers every PING) and with a deadline of its own: `/readyz` must answer while
// they do not.

import { within } from '@reclaim/saga';
import type { ComponentHealth, Health } from '../../api/dependencies.ts';
import { messageOfThrown } from '../../infra/log/log-error.ts';
import type { Services } from './services.ts';

const ASK_TIMEOUT_MS = 1_500;
/** Anonymous probes may come at any rate: all within this time share one answer. */
const HELD_MS = 1_000;
/** A worker takes what is due within a second or two, the relay what was lost within its lease. */
const WAITS_TOO_LONG_SECONDS = 30;
const OK: ComponentHealth = { status: 'ok' };

export function createHealthReport(services: Services): () => Promise<Health> {
  let held: { readonly health: Promise<Health>; readonly untilMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (held === undefined || held.untilMs < nowMs) {
      held = { health: reportHealth(services), untilMs: nowMs + HELD_MS };
    }
    return held.health;
  };
}

/** Checks now, regardless of a recent answer. */
export async function reportHealth(services: Services): Promise<Health> {
  const { redisWatch, deletionPorts, runtime } = services;
  const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
  const [mongodb, redis, poolState, workers] = await Promise.all([
    ask(() => writeToMajority(services)),
    ask(() => redisWatch.ask()),
    ask(async () => {
      const answer = await deletionPorts.poolStates.read({ signal });
      if (answer.status === 'unknown') throw new Error(answer.reason);
    }),
    ask(() => expectNoneWaits(services)),
  ]);
  return { mongodb, redis, poolState, workers, docker: dockerHealth(runtime) };
}

// A 202 is a majority write (I7): a primary that has lost its majority answers every ping, and takes none.
async function writeToMajority({ db }: Services): Promise<void> {
  await db
    .collection<{ _id: string; at: Date }>('readiness')
    .updateOne({ _id: 'probe' }, { $currentDate: { at: true } }, MAJORITY_UPSERT);
}

const MAJORITY_UPSERT = {
  upsert: true,
  writeConcern: { w: 'majority', wtimeoutMS: ASK_TIMEOUT_MS },
} as const;

async function expectNoneWaits({ engine }: Services): Promise<void> {
  const open = await engine.log.openSummary();
  const seconds = Math.max(0, ...open.map(({ waitingSeconds }) => waitingSeconds));
  if (seconds <= WAITS_TOO_LONG_SECONDS) return;
  throw new Error(`a saga could have been run for ${Math.round(seconds)} s, and no worker took it`);
}

// The circuits know it already: asking each host anew would make a probe of every readiness check.
function dockerHealth({ bots }: Services['runtime']): Readonly<Record<string, ComponentHealth>> {
  const states = bots.hostStates();
  return Object.fromEntries(
    states.map(({ name, circuit }) => [name, circuit === 'open' ? down('does not answer') : OK]),
  );
}

async function ask(question: () => Promise<unknown> | undefined): Promise<ComponentHealth> {
  const beganMs = performance.now();
  const answer = Promise.resolve()
    .then(question)
    .then(
      () => OK,
      (error: unknown) => down(messageOfThrown(error)),
    );
  const late = down(`no answer in ${ASK_TIMEOUT_MS} ms`);
  const health = await within(answer, { ms: ASK_TIMEOUT_MS, late });
  return { ...health, tookMs: Math.round(performance.now() - beganMs) };
}

function down(reason: string): ComponentHealth {
  return { status: 'down', reason };
}
