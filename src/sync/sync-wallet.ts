// The saga that brings one user's wallet, pool state and Docker back in step: observe, confirm, repair, record. It
// has nothing to undo: until the repairs it only reads, and money moves in sagas of its own. A source that cannot
// be asked is no error here but an answer (I4): its bots are skipped with the reason, and the run completes.

import { isAtRest, type SagaId, type StepContext, saga, toSagaId, waitUntil } from '@reclaim/saga';
import { confirmBots } from './confirm-bots.ts';
import { observeFirst } from './first-observation.ts';
import { recordRun } from './record-run.ts';
import { repairDrift } from './repair-drift.ts';
import { markSuspects } from './run-suspects.ts';
import { SYNC_RETRY, type SyncPorts } from './sync-ports.ts';
import { type DriftNote, REPORT, RESULT, RUN_REPORT, type RunReport } from './sync-reports.ts';
import {
  SUSPECT_DELAY_MS,
  SYNC_WALLET,
  SYNC_WALLET_INPUT,
  type SyncWalletInput,
  startConfirmingRun,
  syncWalletKey,
} from './sync-wallet-input.ts';

/** Pools are asked by execs, some 50 ms each, eight at a time. */
const CHECK_TIMEOUT_MS = 60_000;
const RECORD_TIMEOUT_MS = 20_000;
/** Until a child has ended: its end wakes the run sooner, unless the wake-up is lost. */
const CHILD_WAIT_MS = 2_000;
/** Until the run before this one has ended. */
const TURN_WAIT_MS = 200;

const CHECKING = { retry: SYNC_RETRY, timeoutMs: CHECK_TIMEOUT_MS, resultSchema: REPORT } as const;
const RECORDING = { retry: SYNC_RETRY, timeoutMs: RECORD_TIMEOUT_MS } as const;

export function createSyncWalletSaga(ports: SyncPorts) {
  return saga(SYNC_WALLET, {
    queue: 'sync',
    idPrefix: 'syn',
    inputSchema: SYNC_WALLET_INPUT,
    key: (input: SyncWalletInput) => syncWalletKey(input),
    fairnessKey: (input) => input.userId,
  })
    .retriable('observe', { ...CHECKING, run: (call) => observe(ports, call) })
    .retriable('confirm', {
      ...CHECKING,
      run: (call) => confirm(ports, call, call.results.observe),
    })
    .retriable('repair', {
      ...CHECKING,
      // What an earlier turn of this step has begun, else what was confirmed.
      run: (call) =>
        repair(ports, call, RUN_REPORT.readOrNull(call.progress) ?? call.results.confirm),
    })
    .retriable('record', {
      ...RECORDING,
      resultSchema: RESULT,
      run: ({ input, sagaId, results, fence }) => {
        const { trigger, userId, firebaseUid } = input;
        const user = { userId, firebaseUid };
        const runId = toSagaId(sagaId);
        return recordRun(ports, { runId, user, trigger, runReport: results.repair, fence });
      },
    })
    .returns(({ results }) => results.record ?? null);
}

type Call = StepContext<SyncWalletInput, object, object>;

async function observe(ports: SyncPorts, call: Call) {
  const { notBeforeMs, after, trigger, ...user } = call.input;
  const nowMs = call.nowMs();
  if (notBeforeMs !== null && nowMs < notBeforeMs) return waitUntil(notBeforeMs);
  if (await isUnderWay(ports, after)) return waitUntil(nowMs + TURN_WAIT_MS);
  const { report, sources } = await observeFirst(ports, user, nowMs, {
    signal: call.signal,
    probes: trigger !== 'passive',
  });
  for (const [host, { bots, askedAtMs }] of sources.contents) {
    await ports.hostRecords.recordObserved(host, bots, askedAtMs);
  }
  const orphans = await markSuspects(ports, user, report, {
    runId: runIdOf(call),
    fence: call.fence,
  });
  return { ...report, orphans };
}

// A passive run ends here: it records what it suspects, and a run a minute later observes it again.
async function confirm(ports: SyncPorts, call: Call, report: RunReport) {
  const { trigger, userId, firebaseUid } = call.input;
  const user = { userId, firebaseUid };
  const observed = report.drifts.filter(({ outcome }) => outcome === 'observed');
  const nowMs = call.nowMs();
  if (trigger === 'passive') {
    if (observed.length > 0) {
      const order = { foundBy: runIdOf(call), nowMs, delayMs: SUSPECT_DELAY_MS };
      await startConfirmingRun(ports.sagas, user, order);
    }
    return { ...report, drifts: report.drifts.map(markOnly) };
  }
  const dueAtMs = Math.max(0, ...observed.map((note) => note.dueAtMs));
  if (nowMs < dueAtMs) return waitUntil(dueAtMs);
  const again = await confirmBots(ports, user, report, { signal: call.signal, nowMs });
  return { ...report, ...again };
}

async function repair(ports: SyncPorts, call: Call, report: RunReport) {
  const { trigger, userId, firebaseUid } = call.input;
  if (trigger === 'passive') return report;
  const { fence, signal } = call;
  const at = new Date(call.nowMs()).toISOString();
  // Nothing is begun on the word of a confirmation that is not in the log: a worker that takes over would confirm anew,
  // and find this run's own sagas in its way.
  if (report.drifts.some(({ outcome }) => outcome === 'confirmed')) await call.fencedWrite();
  const order = { fence, signal, at, isAgain: call.isRepeat, runId: runIdOf(call) };
  const user = { userId, firebaseUid };
  const { report: drifts, isUnderWay } = await repairDrift(ports, user, report.drifts, order);
  const repaired = { ...report, drifts };
  return isUnderWay ? waitUntil(call.nowMs() + CHILD_WAIT_MS, repaired) : repaired;
}

function runIdOf({ sagaId }: Call): SagaId {
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
