// Rounds of observations when a test says so, with time that passes when it says so.

import { type RoundReport, watchPools } from '../../src/health/watch-pools.ts';
import type { TestApplication } from './application.ts';
import { readPoolState, writePoolState } from './deletions.ts';
import { waitFor } from './wait-for.ts';

export interface HealthChecks {
  /** One round, and the end of the restarts that it ordered. */
  observe(): Promise<Extract<RoundReport, { status: 'done' }>>;
  /** One round, whatever it comes to. */
  round(): Promise<RoundReport>;
  pass(ms: number): void;
}

export function createHealthChecks({ services }: Pick<TestApplication, 'services'>): HealthChecks {
  let aheadMs = 0;
  const ports = { ...services.health, nowMs: () => services.health.nowMs() + aheadMs };
  const round = () => watchPools(ports, { signal: new AbortController().signal });
  return {
    round,
    pass: (ms) => {
      aheadMs += ms;
    },
    observe: async () => {
      const report = await round();
      if (report.status !== 'done') throw new Error(`the round was ${report.status}`);
      await waitFor('the restarts to end', async () => {
        const open = await services.sagas.list({ kind: 'restart-bot', limit: 100 });
        return open.sagas.every((saga) => !saga.open);
      });
      return report;
    },
  };
}

/** What the pool state says of a bot. */
export async function statusOf(app: TestApplication, instanceId: string) {
  return (await readPoolState(app)).botMapping[instanceId]?.status;
}

/** As the platform would have written it. */
export async function setStatus(
  app: TestApplication,
  instanceId: string,
  status: string,
): Promise<void> {
  const state = JSON.parse(JSON.stringify(await readPoolState(app)));
  state.botMapping[instanceId].status = status;
  await writePoolState(app, state);
}
