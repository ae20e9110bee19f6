// Sagas, claims and writes for a log under test, with everything filled in that a test does not care about.

import { randomBytes, randomUUID } from 'node:crypto';
import type { SagaRecord } from '../../src/log/record.ts';
import type { Claim, ClaimRequest, LogWrite, NewSaga, SagaLog } from '../../src/log/saga-log.ts';
import { initialState, type SagaState } from '../../src/machine/state.ts';
import { makeSagaId } from '../../src/saga-id.ts';

/** Longer than any test: leases run out when a test says so. */
const LEASE_MS = 60_000;

export function newSaga(given: Partial<NewSaga> = {}): NewSaga {
  return {
    id: makeSagaId('tst', Date.now(), randomBytes(16)),
    kind: 'test-saga',
    version: 1,
    key: `key/${randomUUID()}`,
    subject: 'somebody',
    requestedBy: 'a test',
    parent: null,
    input: { some: 'input' },
    state: QUEUED,
    ...given,
  };
}

/** A saga as the log gives it. */
export function recordOf(given: Partial<SagaRecord> = {}): SagaRecord {
  return {
    ...newSaga(),
    open: true,
    revision: 1,
    writeId: 'w',
    epoch: 1,
    result: null,
    unrunnableSince: null,
    history: [],
    createdAt: '2026-11-29T12:00:00.000Z',
    finishedAt: null,
    ...given,
  };
}

export const QUEUED: SagaState = initialState({
  steps: [{ name: 'first' }, { name: 'second' }],
});

export function claimRequest(given: Partial<ClaimRequest> = {}): ClaimRequest {
  return { owner: randomUUID(), leaseMs: LEASE_MS, ...given };
}

interface Held {
  readonly claim: Claim;
  readonly saga: SagaRecord;
}

/** Inserts a saga and claims it. */
export async function insertAndClaim(log: SagaLog, given: Partial<NewSaga> = {}): Promise<Held> {
  const { saga } = await log.insert(newSaga(given));
  return claimOf(log, saga);
}

export async function claimOf(log: SagaLog, { id }: Pick<SagaRecord, 'id'>): Promise<Held> {
  const request = claimRequest();
  const claimed = await log.claim(id, request);
  if (claimed.status !== 'claimed') throw new Error(`not claimed: ${claimed.status}`);
  const { epoch } = claimed.saga;
  return { claim: { sagaId: id, epoch, owner: request.owner }, saga: claimed.saga };
}

export function logWrite({ claim, saga }: Held, given: Partial<LogWrite> = {}): LogWrite {
  return {
    claim,
    base: saga,
    state: { ...saga.state, phase: 'running' },
    result: null,
    events: [{ type: 'tested', step: null, detail: null, atMs: 1_000 }],
    durability: 'majority',
    writeId: randomUUID(),
    ...given,
  };
}

export async function commitAs(
  log: SagaLog,
  held: Held,
  given: Partial<LogWrite> = {},
): Promise<Held> {
  const committed = await log.commit(logWrite(held, given));
  if (committed.status !== 'landed') throw new Error(`not landed: ${committed.status}`);
  return { claim: held.claim, saga: committed.saga };
}
