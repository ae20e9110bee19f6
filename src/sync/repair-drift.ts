// Repairs what two observations have confirmed. Money moves in sagas of its own, one a bot, that the run starts and
// waits for (I2, I8); entries are put right here.

import { isAtRest, type SagaId, type SagaRecord, toSagaId } from '@reclaim/saga';
import { botKey } from '../deletion/bot-key.ts';
import { paidBy, RECLAIM_ORPHAN, reclaimOrder } from '../deletion/reclaim-orphan.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import { type EntryRepair, finishGhost, repairEntry } from './repair-entries.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { DriftNote } from './sync-reports.ts';

export interface RepairCall extends EntryRepair {
  /** The run that repairs. */
  readonly runId: SagaId;
}

/** Starts what is not started and reads what is: repeatable, and called again until nothing is under way. A lost entry
 * comes back last: a place or a port of its pool may be one that another repair of this run gives free. */
export async function repairDrift(
  ports: SyncPorts,
  user: BotOwner,
  report: readonly DriftNote[],
  call: RepairCall,
): Promise<{ readonly report: readonly DriftNote[]; readonly isUnderWay: boolean }> {
  const repaired = [...report];
  async function repairAll(isTheirTurn: (note: DriftNote) => boolean): Promise<void> {
    for (const [index, note] of report.entries()) {
      if (isTheirTurn(note)) repaired[index] = await repairOne(ports, user, note, call);
    }
  }
  await repairAll((note) => !isLost(note));
  const isUnderWay = repaired.some(({ verdict, outcome }) => {
    return verdict === 'orphan' && outcome === 'confirmed';
  });
  if (!isUnderWay) await repairAll(isLost);
  return { report: repaired, isUnderWay };
}

function isLost({ verdict }: DriftNote): boolean {
  return verdict === 'lost-entry';
}

async function repairOne(
  ports: SyncPorts,
  user: BotOwner,
  note: DriftNote,
  call: RepairCall,
): Promise<DriftNote> {
  if (note.verdict === 'ghost' && note.outcome === 'reported') {
    return finishGhost(ports, user, note, call);
  }
  if (note.outcome !== 'confirmed') return note;
  if (note.verdict !== 'orphan') {
    // The run may have waited for its children since the confirmation.
    const key = botKey({ ...user, instanceId: note.instanceId });
    const holder = (await ports.sagas.findHolders([key])).get(key);
    return holder === undefined ? repairEntry(ports, user, note, call) : heldBy(note, holder);
  }
  const child = await reclaim(ports, user, note, call);
  if (child.kind !== RECLAIM_ORPHAN) {
    return heldBy(note, child.id);
  }
  return afterChild(note, child);
}

function heldBy(note: DriftNote, holder: SagaId): DriftNote {
  return { ...note, outcome: 'skipped', reason: 'open-saga', detail: holder };
}

// The saga that pays this orphan back: the one that this run has started, or another run's that is under way.
async function reclaim(
  { sagas }: SyncPorts,
  user: BotOwner,
  { instanceId, allocation, sagaId }: DriftNote,
  { runId }: RepairCall,
): Promise<SagaRecord> {
  const known = sagaId === null ? null : await sagas.find(toSagaId(sagaId));
  if (known !== null) return known;
  const orphan = { ...user, instanceId, incarnationId: allocation?.incarnationId ?? null };
  const order = reclaimOrder(orphan, { parent: runId, requestedBy: `run:${runId}` });
  // One of this run, however often it is begun: also when it has ended, and its beginning was never noted (I8).
  const id = sagas.childId(RECLAIM_ORPHAN, runId, botKey({ ...user, instanceId }));
  return (await sagas.start({ ...order, id })).saga;
}

function afterChild(note: DriftNote, child: SagaRecord): DriftNote {
  const { phase, cause } = child.state;
  const noted = { ...note, sagaId: child.id };
  if (!isAtRest(phase)) return noted;
  switch (phase) {
    case 'completed':
      return paidBy(child) === null
        ? { ...noted, outcome: 'resolved', detail: 'there was nothing to pay' }
        : { ...noted, outcome: 'repaired' };
    case 'stuck':
      return { ...noted, outcome: 'skipped', reason: 'stuck', detail: cause?.code ?? null };
    case 'compensated':
    case 'cancelled': {
      const detail = cause === null ? null : `${cause.code}: ${cause.message}`;
      return { ...noted, outcome: 'skipped', reason: reasonOf(cause?.code), detail };
    }
    case 'queued':
    case 'running':
    case 'compensating':
      return noted;
    default:
      return assertNever(phase);
  }
}

function reasonOf(code: string | undefined): DriftNote['reason'] {
  switch (code) {
    case 'SEEN_AGAIN':
      return 'seen-again';
    case 'ALLOCATION_CHANGED':
      return 'changed';
    case 'ALREADY_SETTLED':
      return 'settled';
    default:
      return 'unknown';
  }
}
