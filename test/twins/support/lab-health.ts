// Health over a lab's sources: rounds of observations, and the restarts that they order, run by hand as a worker would.

import { Registry } from 'prom-client';
import {
  createTestEngine,
  type TestEngine,
} from '../../../packages/saga/test/support/saga-engine.ts';
import { openTestSagaLog } from '../../../packages/saga/test/support/saga-log.ts';
import { STORED_VALUES } from '../../../src/bots/bot-valuation.ts';
import { createSimulatedBots } from '../../../src/bots/simulator/simulated-bots.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { watchPools } from '../../../src/health/watch-pools.ts';
import { createHealth } from '../../../src/main/compose/health.ts';
import { parseConfig } from '../../../src/main/config.ts';
import type { Lab } from './lab.ts';

/** So many observations in a row as make a running bot a failed one, and one more. */
const ROUNDS = 4;

/** @param change what this process has instead of the ports themselves. */
export async function checkAfter(
  { connection, ports }: Lab,
  change: (ports: DeletionPorts) => Partial<DeletionPorts> = () => ({}),
): Promise<void> {
  const { clock } = await openTestSagaLog(connection);
  const bots = createSimulatedBots({ connection, now: () => new Date() });
  const health = createHealth({
    config: parseConfig({}),
    ...{ connection, clock },
    metrics: new Registry(),
    deletionPorts: { ...ports, ...change(ports) },
    runtime: { kind: 'simulator', reason: 'a lab', bots, valuation: STORED_VALUES, docker: null },
    sagas: () => engine.sagas,
  });
  const engine: TestEngine = await createTestEngine({
    connection,
    definitions: health.definitions,
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const report = await watchPools(health.ports, { signal: new AbortController().signal });
    if (report.status !== 'done') throw new Error(`the round was ${report.status}`);
    const { sagas } = await engine.sagas.list({ phases: ['queued'], limit: 10 });
    for (const { id } of sagas) await engine.runToRest(id);
  }
}
