// Sagas begun and brought to their end by hand, as API, queue and workers would.

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import type { TestEngine } from '../../../packages/saga/test/support/saga-engine.ts';
import { DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import type { DeleteBotInput, StopFailurePolicy } from '../../../src/deletion/delete-bot-input.ts';
import { RECLAIM_ORPHAN, reclaimOrder } from '../../../src/deletion/reclaim-orphan.ts';
import { toFirebaseUid, toInstanceId } from '../../../src/domain/ids.ts';
import { syncOrder } from '../../../src/sync/sync-orders.ts';
import type { PlacedBot } from '../../support/deletions.ts';
import { INCARNATION, SAGA_A } from '../../support/users.ts';

const named = ({ uid, userId, instanceId }: PlacedBot) => ({
  userId,
  firebaseUid: toFirebaseUid(uid),
  instanceId: toInstanceId(instanceId),
});

/** A DELETE that was accepted. */
export async function beginDeletion(
  { sagas }: TestEngine,
  bot: PlacedBot,
  onStopFailure: StopFailurePolicy = 'refund',
): Promise<SagaId> {
  const { saga } = await sagas.start({
    kind: DELETE_BOT,
    subject: bot.userId,
    requestedBy: 'a test',
    input: { ...named(bot), onStopFailure, stopTimeoutMs: 30_000 } satisfies DeleteBotInput,
  });
  return saga.id;
}

export async function deleteToRest(
  engine: TestEngine,
  bot: PlacedBot,
  onStopFailure?: StopFailurePolicy,
): Promise<SagaRecord> {
  return engine.runToRest(await beginDeletion(engine, bot, onStopFailure));
}

/** The saga of an orphan that two observations have found. */
export async function reclaimToRest(engine: TestEngine, bot: PlacedBot): Promise<SagaRecord> {
  const order = reclaimOrder(
    { ...named(bot), incarnationId: INCARNATION },
    { parent: SAGA_A, requestedBy: 'a test' },
  );
  return engine.runToRest((await engine.sagas.start(order)).saga.id);
}

const MAX_TURNS = 20;

/** A whole synchronisation that somebody asked for, with the sagas that it begins and waits for. */
export async function syncToRest(engine: TestEngine, bot: PlacedBot): Promise<SagaRecord> {
  const { userId, firebaseUid } = named(bot);
  const asked = { trigger: 'explicit', after: null, notBeforeMs: null } as const;
  const order = syncOrder({ userId, firebaseUid, ...asked }, 'a test');
  const { id } = (await engine.sagas.start(order)).saga;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const outcome = await engine.run(id);
    if (outcome.status === 'at-rest' && outcome.saga !== null) return outcome.saga;
    for (const child of await openReclaimings(engine)) await engine.runToRest(child.id);
    await engine.sagas.wakeNow(id);
  }
  throw new Error(`synchronisation ${id} does not come to rest`);
}

async function openReclaimings({ log }: TestEngine): Promise<readonly SagaRecord[]> {
  const phases = ['queued', 'running', 'compensating'];
  return (await log.list({ kind: RECLAIM_ORPHAN, phases, limit: 10 })).sagas;
}
