// Starts, for every user that drifted, the run that observes again and repairs, and follows those runs to their ends.
// Both walk over the run's own list, so that a worker that takes over goes on where the last one was.

import { isAtRest, type SagaId } from '@reclaim/saga';
import type { BotsCall, FencedCall } from '../bots/bots.ts';
import type { UserId } from '../domain/ids.ts';
import type { DriftedUser } from './mongodb/run-drifts.ts';
import type { NewSuspect } from './mongodb/suspects.ts';
import type { FollowedRuns } from './sync-all-report.ts';
import type { SyncAllPorts } from './sync-ports.ts';
import { SYNC_RESULT } from './sync-reports.ts';
import { startConfirmingRun } from './sync-wallet-input.ts';

export interface RunsOrder {
  readonly runId: SagaId;
  readonly listId: string;
  /** Database time, ms. */
  readonly nowMs: number;
  /** Until the runs observe: a minute where no caller waits, the confirmation's delay where one does. */
  readonly delayMs: number;
}

/** Records every suspect and starts one run a user. @returns how many users. */
export async function startRuns(
  ports: SyncAllPorts,
  order: RunsOrder,
  call: FencedCall,
): Promise<number> {
  const { runId, listId } = order;
  let started = 0;
  for await (const users of ports.runDrifts.byUser(listId, call)) {
    const suspected = users.flatMap((user) => suspectsOf(user, runId));
    await ports.suspects.mark(suspected, call.fence);
    const runs = await Promise.all(
      users.map(
        async (user): Promise<[UserId, SagaId]> => [
          user.userId,
          user.sagaId ?? (await startRun(ports, user, order)),
        ],
      ),
    );
    await ports.runDrifts.assign(listId, new Map(runs), call.fence);
    started += users.length;
  }
  return started;
}

async function startRun(
  { sagas }: Pick<SyncAllPorts, 'sagas'>,
  { userId, firebaseUid }: DriftedUser,
  { runId, nowMs, delayMs }: RunsOrder,
): Promise<SagaId> {
  const user = { userId, firebaseUid };
  return (await startConfirmingRun(sagas, user, { foundBy: runId, nowMs, delayMs })).id;
}

export async function followRuns(
  { runDrifts, sagas }: SyncAllPorts,
  listId: string,
  call: BotsCall,
): Promise<FollowedRuns> {
  let open = 0;
  let repaired = 0;
  let returnedMinor = 0;
  for await (const users of runDrifts.byUser(listId, call)) {
    const ids = users.flatMap(({ sagaId }) => (sagaId === null ? [] : [sagaId]));
    for (const run of await Promise.all(ids.map((id) => sagas.find(id)))) {
      if (run === null) continue;
      if (!isAtRest(run.state.phase)) open += 1;
      const result = SYNC_RESULT.peek(run.result);
      if (result === null) continue;
      repaired += result.data.cleanedBots.length;
      returnedMinor += result.returnedMinor;
    }
  }
  return { open, repaired, returnedMinor };
}

function suspectsOf({ userId, drifts }: DriftedUser, runId: SagaId): readonly NewSuspect[] {
  return drifts
    .filter(({ verdict }) => verdict === 'orphan')
    .map(({ instanceId, valueMinor }) => {
      const value = valueMinor === null ? null : valueMinor / 100;
      return { userId, instanceId, incarnationId: null, value, runId };
    });
}
