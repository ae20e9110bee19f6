// The saga that brings one user's wallet, pool state and Docker back in step: observe, confirm, repair, record. It
// has nothing to undo: until the repairs it only reads, and money moves in sagas of its own. A source that cannot
// be asked is no error here but an answer (I4): its bots are skipped with the reason, and the run completes.

import {
  isAtRest,
  type Json,
  type RetriableStep,
  type SagaDefinition,
  type SagaId,
  type StepCall,
  toSagaId,
} from '@reclaim/saga';
import { confirmBots } from './confirm-bots.ts';
import { observeFirst } from './first-observation.ts';
import { recordRun } from './record-run.ts';
import { repairDrift } from './repair-drift.ts';
import { markSuspects } from './run-suspects.ts';
import { orderConfirmingRun } from './sync-orders.ts';
import { SYNC_RETRY, type SyncPorts } from './sync-ports.ts';
import { type DriftNote, readReport, writeReport, writeResult } from './sync-reports.ts';
import { readSyncWalletInput, SYNC_WALLET, syncWalletKey } from './sync-wallet-input.ts';

const STEP = {
  observe: 'observe',
  confirm: 'confirm',
  repair: 'repair',
  record: 'record',
} as const;

/** Pools are asked by execs, some 50 ms each, eight at a time. */
const CHECK_TIMEOUT_MS = 60_000;
const RECORD_TIMEOUT_MS = 20_000;
/** Until a child has ended: its end wakes the run sooner, unless the wake-up is lost. */
const CHILD_WAIT_MS = 2_000;
/** Until the run before this one has ended. */
const TURN_WAIT_MS = 200;

export function createSyncWalletSaga(ports: SyncPorts): SagaDefinition {
  return {
    name: SYNC_WALLET,
    version: 1,
    queue: 'sync',
    fairnessKey: (input) => readSyncWalletInput(input).userId,
    idPrefix: 'syn',
    key: (input) => syncWalletKey(readSyncWalletInput(input)),
    steps: [observeStep(ports), confirmStep(ports), repairStep(ports), recordStep(ports)],
    result: ({ results }): Json => results[STEP.record] ?? null,
  };
}

function observeStep(ports: SyncPorts): RetriableStep {
  return step(STEP.observe, CHECK_TIMEOUT_MS, async (call) => {
    const { notBeforeMs, after, trigger, ...user } = readSyncWalletInput(call.input);
    const nowMs = call.nowMs();
    if (notBeforeMs !== null && nowMs < notBeforeMs) return { waitUntilMs: notBeforeMs };
    if (await isUnderWay(ports, after)) return { waitUntilMs: nowMs + TURN_WAIT_MS };
    const { report, sources } = await observeFirst(ports, user, nowMs, {
      signal: call.signal,
      probes: trigger !== 'passive',
    });
    for (const [host, { instanceIds }] of sources.contents) {
      await ports.hostRecords.recordObserved(host, instanceIds);
    }
    const orphans = await markSuspects(ports, user, report, runIdOf(call));
    return { value: writeReport({ ...report, orphans }) };
  });
}

// A passive run ends here: it marks what it suspects, and a run a minute later looks again.
function confirmStep(ports: SyncPorts): RetriableStep {
  return step(STEP.confirm, CHECK_TIMEOUT_MS, async (call) => {
    const { trigger, userId, firebaseUid } = readSyncWalletInput(call.input);
    const user = { userId, firebaseUid };
    const report = readReport(call.results[STEP.observe]);
    const observed = report.drifts.filter(({ outcome }) => outcome === 'observed');
    const nowMs = call.nowMs();
    if (trigger === 'passive') {
      if (observed.length > 0)
        await ports.sagas.start(orderConfirmingRun(user, runIdOf(call), nowMs));
      return { value: writeReport({ ...report, drifts: report.drifts.map(markOnly) }) };
    }
    const dueAtMs = Math.max(0, ...observed.map((note) => note.dueAtMs));
    if (nowMs < dueAtMs) return { waitUntilMs: dueAtMs };
    const { signal } = call;
    const again = await confirmBots(ports, user, report, { signal, nowMs });
    return { value: writeReport({ ...report, ...again }) };
  });
}

function repairStep(ports: SyncPorts): RetriableStep {
  return step(STEP.repair, CHECK_TIMEOUT_MS, async (call) => {
    const { trigger, userId, firebaseUid } = readSyncWalletInput(call.input);
    // What an earlier turn of this step has begun, else what was confirmed.
    const report = readReport(call.results[STEP.repair] ?? call.results[STEP.confirm]);
    if (trigger === 'passive') return { value: writeReport(report) };
    const { fence, signal } = call;
    const at = new Date(call.nowMs()).toISOString();
    const repair = { fence, signal, at, runId: runIdOf(call) };
    const user = { userId, firebaseUid };
    const { report: drifts, isUnderWay } = await repairDrift(ports, user, report.drifts, repair);
    const value = writeReport({ ...report, drifts });
    return isUnderWay ? { value, waitUntilMs: call.nowMs() + CHILD_WAIT_MS } : { value };
  });
}

function recordStep(ports: SyncPorts): RetriableStep {
  return step(STEP.record, RECORD_TIMEOUT_MS, async (call) => {
    const { trigger, userId, firebaseUid } = readSyncWalletInput(call.input);
    const user = { userId, firebaseUid };
    const report = readReport(call.results[STEP.repair]);
    const result = await recordRun(ports, {
      runId: runIdOf(call),
      user,
      trigger,
      runReport: report,
    });
    return { value: writeResult(result) };
  });
}

function step(name: string, timeoutMs: number, run: RetriableStep['run']): RetriableStep {
  return { kind: 'retriable', name, retry: SYNC_RETRY, timeoutMs, run };
}

function runIdOf({ sagaId }: StepCall): SagaId {
  return toSagaId(sagaId);
}

async function isUnderWay({ sagas }: SyncPorts, after: string | null): Promise<boolean> {
  const before = after === null ? null : await sagas.find(toSagaId(after));
  return before !== null && !isAtRest(before.state.phase);
}

function markOnly(note: DriftNote): DriftNote {
  if (note.outcome !== 'observed') return note;
  return { ...note, outcome: 'skipped', reason: 'suspected' };
}
