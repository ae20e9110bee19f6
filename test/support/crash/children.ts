// The sagas that a crashed saga begins, and those that a test begins beside it, run by a worker that does not die. What is
// begun has come to rest before its order is answered: whoever dies at that moment leaves everything done and nothing
// noted, which is the worst that a run with children meets.

import type { SagaDefinition } from '../../../packages/saga/src/definition.ts';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import { createRegistry } from '../../../packages/saga/src/registry.ts';
import type { Clock } from '../../../packages/saga/src/run/clock.ts';
import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import { createSagas, type SagaOrder, type Sagas } from '../../../packages/saga/src/sagas.ts';
import { createBareRunner, NO_WAKE_UPS } from '../../../packages/saga/src/testing/bare-engine.ts';
import type { CrashEnvironment } from '../../../packages/saga/src/testing/index.ts';

export interface Children {
  /** What is started here waits for a worker that never comes. */
  readonly waiting: Sagas;
  /** What is started here has come to rest when `start` returns the record that it began with. */
  readonly running: Sagas;
  runToRest(order: SagaOrder): Promise<SagaRecord>;
  /** When none runs any more: a worker that is back may have begun one that nobody waits for. */
  idle(): Promise<void>;
}

const FREE = { signal: new AbortController().signal, isDraining: () => false };
/** More turns than any saga needs that is never interrupted. */
const MAX_TURNS = 40;

/** @param define the definitions that children may have; what they begin in turn is `running`. */
export function createChildren(
  { logs: [log], clock, expire }: CrashEnvironment,
  define: (running: () => Sagas) => readonly SagaDefinition[],
): Children {
  let passedMs = 0;
  const own: Clock = {
    nowMs: () => clock.nowMs() + passedMs,
    monotonicMs: () => clock.monotonicMs() + passedMs,
  };
  const registry = createRegistry(define(() => running));
  const runner = createBareRunner({ log, registry, clock: own });
  const waiting = createSagas({
    ...{ log, registry, clock: own },
    wakeUps: NO_WAKE_UPS,
    onWakeFailed: () => undefined,
  });
  const runs = new Map<SagaId, Promise<SagaRecord>>();

  async function run(id: SagaId): Promise<SagaRecord> {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const outcome = await runner.run(id, FREE);
      if (outcome.status === 'at-rest' && outcome.saga !== null) return outcome.saga;
      if (outcome.status === 'later') passedMs += Math.max(0, outcome.atMs - own.nowMs()) + 1;
      await expire(id);
    }
    throw new Error(`child ${id} does not come to rest`);
  }

  /** Once, whoever asks. */
  function atRest(id: SagaId): Promise<SagaRecord> {
    const known = runs.get(id) ?? run(id);
    runs.set(id, known);
    return known;
  }

  const running: Sagas = {
    ...waiting,
    start: async (order) => {
      const started = await waiting.start(order);
      await atRest(started.saga.id);
      return started;
    },
  };
  return {
    waiting,
    running,
    runToRest: async (order) => atRest((await waiting.start(order)).saga.id),
    idle: async () => {
      await Promise.all(runs.values());
    },
  };
}
