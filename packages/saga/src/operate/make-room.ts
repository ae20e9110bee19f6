// Room for a saga under a key that others hold: those that yield are ended at once, even under a worker's hands, because
// the key stays unique (I8). A call of theirs may still be under way, so the next one is told how long to wait.

import { randomUUID } from 'node:crypto';
import type { SagaRecord } from '../log/record.ts';
import type { SagaLog } from '../log/saga-log.ts';
import { apply } from '../machine/machine.ts';
import { isEnded } from '../machine/state.ts';
import type { Registry } from '../registry.ts';
import type { Clock } from '../run/clock.ts';
import type { SagaId } from '../saga-id.ts';

export interface Room {
  /** Of the sagas given, those that do not yield. */
  readonly others: readonly SagaRecord[];
  /** When no call of those that yielded is under way any more, for `SagaOrder.notBeforeMs`; null where there is none to
   * wait for. Database time, ms. */
  readonly notBeforeMs: number | null;
}

export interface RoomDeps {
  readonly log: Pick<SagaLog, 'find' | 'intervene'>;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** A saga that changes all the time: its worker writes a few times a second at most. */
const MAX_TRIES = 20;

/** @throws Error when one of them changes faster than it can be ended. */
export async function makeRoom(
  deps: RoomDeps,
  sagas: readonly SagaRecord[],
  by: string,
): Promise<Room> {
  const others: SagaRecord[] = [];
  let untilMs = 0;
  for (const saga of sagas) {
    const registered = deps.registry.find(saga.kind, saga.version);
    const yieldsWithinMs = registered?.definition.yieldsWithinMs;
    if (yieldsWithinMs === undefined) {
      others.push(saga);
      continue;
    }
    const endedMs = saga.open ? await giveWay(deps, saga.id, by) : finishedMs(saga);
    if (endedMs !== null) untilMs = Math.max(untilMs, endedMs + yieldsWithinMs);
  }
  return { others, notBeforeMs: untilMs > deps.clock.nowMs() ? untilMs : null };
}

// @returns when it ended, database time; null where nothing of it can be under way.
async function giveWay(
  { log, registry, clock }: RoomDeps,
  id: SagaId,
  by: string,
): Promise<number | null> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const saga = await log.find(id);
    if (saga === null) return null;
    if (isEnded(saga.state.phase)) return finishedMs(saga);
    const registered = registry.find(saga.kind, saga.version);
    if (registered === undefined) return null;
    const event = { type: 'gave-way', atMs: clock.nowMs() } as const;
    const state = apply(registered.shape, saga.state, event);
    const logged = { type: event.type, step: null, detail: `to ${by}` };
    const written = await log.intervene({
      base: saga,
      state,
      event: logged,
      writeId: randomUUID(),
    });
    // One that was never claimed has called nobody.
    if (written.status === 'landed') return saga.epoch === 0 ? null : clock.nowMs();
  }
  throw new Error(`saga ${id} changes faster than it can be ended`);
}

// One that has completed has heard the answer of its last call.
function finishedMs({ finishedAt, state }: SagaRecord): number | null {
  return finishedAt === null || state.phase === 'completed' ? null : Date.parse(finishedAt);
}
