// A run begins sagas on the word of its confirmation alone, so that one is in the log first: a worker that takes over would
// else confirm anew, find the saga of its own run on the bot, and report an orphan that was left alone (I8, I9).

import { expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { RECLAIM_ORPHAN } from '../../src/deletion/reclaim-orphan.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { type RepairCall, repairDrift } from '../../src/sync/repair-drift.ts';
import type { SyncPorts } from '../../src/sync/sync-ports.ts';
import type { RunReport } from '../../src/sync/sync-reports.ts';
import { createSyncWalletSaga } from '../../src/sync/sync-wallet.ts';
import type { SyncWalletInput } from '../../src/sync/sync-wallet-input.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { sagaIn } from '../support/saga-in.ts';
import { USER_ID } from '../support/samples.ts';

const NOWHERE = { poolState: 'no', docker: 'no' } as const;
const ORPHAN: RunReport['drifts'][number] = {
  ...{ instanceId: toInstanceId('uid-bot-1'), botName: 'Bot 1', verdict: 'orphan' },
  ...{ outcome: 'confirmed', dueAtMs: 0, reason: null, detail: null, sagaId: null },
  allocation: { incarnationId: 'i', value: 110, facts: '' },
  ...{ first: NOWHERE, second: NOWHERE },
};

/** What the step `repair` does, in its order, for a run that has confirmed this orphan, or found nothing. */
async function repair(drifts: RunReport['drifts']): Promise<readonly string[]> {
  const done: string[] = [];
  const sagas = {
    find: async () => null,
    childId: () => toSagaId('rcl-aaaaaaaaaaaaaaaa'),
    start: async ({ id }: { readonly id?: string }) => {
      done.push(`begins ${id}`);
      return { saga: { id: 'rcl-aaaaaaaaaaaaaaaa', kind: 'sync-wallet' } };
    },
  };
  const ports = { ...inertPorts<SyncPorts>(), sagas } as unknown as SyncPorts;
  const step = createSyncWalletSaga(ports).steps.find(({ name }) => name === 'repair');
  const confirm: RunReport = {
    ...{ observedAtMs: 0, runningBots: [], validAllocations: [], drifts },
    ...{ conflicts: [], unreadable: [], orphans: null },
  };
  await step?.run({
    ...inertPorts<Parameters<typeof step.run>[0]>(),
    ...{ sagaId: 'syn-aaaaaaaaaaaaaaaa', epoch: 1, attempt: 1, results: { confirm } },
    ...{ progress: null, nowMs: () => 0, signal: new AbortController().signal },
    fencedWrite: async () => {
      done.push('writes the log');
    },
    input: {
      ...{ userId: toUserId('6500000000000000000000aa'), firebaseUid: toFirebaseUid('uid') },
      ...{ trigger: 'explicit', after: null, notBeforeMs: null },
    } satisfies SyncWalletInput,
  });
  return done;
}

it('a confirmed orphan: the log has the confirmation before a saga is begun on it, under the id that is its own', async () => {
  expect(await repair([ORPHAN])).toEqual(['writes the log', 'begins rcl-aaaaaaaaaaaaaaaa']);
});

it('nothing to repair: no write of its own', async () => {
  expect(await repair([])).toEqual([]);
});

it('another run’s saga is on the orphan: waited for like one of its own, and no second one is begun', async () => {
  const saga = sagaIn('running', { id: toSagaId('rcl-bbbbbbbbbbbbbbbb'), kind: RECLAIM_ORPHAN });
  const sagas = {
    childId: () => toSagaId('rcl-aaaaaaaaaaaaaaaa'),
    start: async () => ({ status: 'existing', saga }),
  };
  const ports = { ...inertPorts<SyncPorts>(), sagas } as unknown as SyncPorts;
  const user = { userId: USER_ID, firebaseUid: toFirebaseUid('uid') };
  const call = { ...inertPorts<RepairCall>(), runId: toSagaId('syn-aaaaaaaaaaaaaaaa') };
  expect(await repairDrift(ports, user, [ORPHAN], call)).toEqual({
    report: [{ ...ORPHAN, sagaId: saga.id }],
    isUnderWay: true,
  });
});
