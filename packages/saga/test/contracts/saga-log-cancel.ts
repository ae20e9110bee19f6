// What every implementation of the SagaLog port makes of a cancel of a saga that runs: it lands wherever the saga stands where
// it stood when the cancel was decided, whatever its worker has written since, and nowhere else (I6).

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import type { SagaLog } from '../../src/log/saga-log.ts';
import type { SagaState, StepState } from '../../src/machine/state.ts';
import { claimOf, commitAs, insertAndClaim, logWrite, QUEUED } from '../support/saga-writes.ts';
import type { SagaLogUnderTest } from './saga-log.ts';

const LEASE_MS = 60_000;
const RUNNING: SagaState = { ...QUEUED, phase: 'running' };

/** The state with its first step so. */
function withFirst(state: SagaState, given: Partial<StepState>): SagaState {
  return {
    ...state,
    steps: state.steps.map((step, i) => (i === 0 ? { ...step, ...given } : step)),
  };
}

const BEGUN = withFirst(RUNNING, { status: 'running', capture: { was: 1 }, attempts: 1 });

const OF_NULLS = withFirst(BEGUN, { capture: [null, 'x'] });

export function describeCancels(name: string, create: (db: Db) => Promise<SagaLogUnderTest>): void {
  async function setUp(state: SagaState = BEGUN) {
    const logs = await create(await createTestDatabase());
    const held = await commitAs(logs.log, await insertAndClaim(logs.log), { state });
    return { ...logs, held };
  }

  function cancelOn(log: SagaLog, base: SagaRecord, writeId: string = randomUUID()) {
    const state = { ...base.state, cancelRequested: true, notBeforeMs: null };
    const event = { type: 'cancel-requested', step: null, detail: 'by x' };
    return log.intervene({ base, state, event, writeId, landsOn: 'standing' });
  }

  describe(`${name}: a cancel of a saga that runs`, () => {
    it('attempts have failed and begun since: it lands on them, the saga is due, and the worker’s next write finds it', async () => {
      const { log, other, held } = await setUp();
      const base = held.saga;
      let last = held;
      for (const attempts of [2, 3, 4]) {
        const failed = withFirst(BEGUN, { status: 'waiting', attempts });
        const notBeforeMs = Date.now() + 3_600_000;
        last = await commitAs(log, last, { state: { ...failed, notBeforeMs } });
      }
      const writeId = randomUUID();
      const { status, saga } = await cancelOn(other, base, writeId);
      expect(status).toBe('landed');
      expect(saga).toEqual({
        ...last.saga,
        state: { ...last.saga.state, cancelRequested: true, notBeforeMs: null },
        revision: last.saga.revision + 1,
        writeId,
        history: saga.history,
      });
      expect(saga.history.map(({ type }) => type)).toEqual([
        ...last.saga.history.map(({ type }) => type),
        'cancel-requested',
      ]);
      expect(await other.find(base.id)).toEqual(saga);
      expect(await log.commit(logWrite(last))).toEqual({ status: 'conflict', saga });
      expect(await log.prove(held.claim)).toBe(true);
      expect(await log.release(held.claim)).toBeLessThan(Date.now());
      expect(await cancelOn(other, base, writeId)).toMatchObject({ status: 'landed' });
    });

    it.each<[string, SagaState]>([
      ['a list of nulls', OF_NULLS],
      ['no capture', withFirst(BEGUN, { capture: null })],
    ])('its first step has %s, and was tried again: it lands', async (_, state) => {
      const { log, other, held } = await setUp(state);
      await commitAs(log, held, { state: withFirst(state, { attempts: 2 }) });
      expect(await cancelOn(other, held.saga)).toMatchObject({ status: 'landed' });
    });

    it.each<[string, SagaState, SagaState]>([
      ['the pivot has begun', BEGUN, { ...BEGUN, pivotBegun: true }],
      ['the next step has begun', BEGUN, { ...BEGUN, cursor: 1 }],
      ['it goes back', BEGUN, { ...BEGUN, phase: 'compensating' }],
      ['it is stuck', BEGUN, { ...BEGUN, phase: 'stuck', stuckFrom: 'running' }],
      ['it is cancelled', BEGUN, { ...BEGUN, cancelRequested: true }],
      ['a step has begun', withFirst(BEGUN, { status: 'pending' }), BEGUN],
      ['a step has its capture', withFirst(BEGUN, { capture: null }), BEGUN],
      ['a step has a capture of nulls', withFirst(BEGUN, { capture: null }), OF_NULLS],
      ['a step has not begun', BEGUN, withFirst(BEGUN, { status: 'pending' })],
    ])('since then %s: a conflict, and nothing changes', async (_, before, after) => {
      const { log, other, held } = await setUp(before);
      const { saga } = await commitAs(log, held, { state: after });
      expect(await cancelOn(other, held.saga)).toEqual({ status: 'conflict', saga });
      expect(await log.find(saga.id)).toEqual(saga);
    });

    it('another worker has claimed it since: a conflict, and nothing changes', async () => {
      const { log, other, held, pass } = await setUp();
      await pass(LEASE_MS + 1_000);
      const { saga } = await claimOf(other, held.saga);
      expect(await cancelOn(other, held.saga)).toEqual({ status: 'conflict', saga });
      expect(await log.find(saga.id)).toEqual(saga);
    });

    it('racing with the pivot’s intent, 40 times: exactly one of them lands (I6)', async () => {
      const { log, other } = await setUp();
      for (let round = 0; round < 40; round += 1) {
        const held = await commitAs(log, await insertAndClaim(log), { state: BEGUN });
        const [intent, cancel] = await Promise.all([
          log.commit(logWrite(held, { state: { ...BEGUN, cursor: 1, pivotBegun: true } })),
          cancelOn(other, held.saga),
        ]);
        expect([intent.status, cancel.status].sort()).toEqual(['conflict', 'landed']);
        const { cancelRequested, pivotBegun } = (await log.find(held.saga.id))?.state ?? BEGUN;
        expect([cancelRequested, pivotBegun]).toEqual([
          cancel.status === 'landed',
          intent.status === 'landed',
        ]);
      }
    });
  });
}
