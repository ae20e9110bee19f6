// What every implementation of the SagaLog port must do when a failover has forgotten what the primary alone had
// acknowledged: numbers come a second time then, and no write may take one for the other (I6).

import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { SagaRecord } from '../../src/log/record.ts';
import type { SagaLog } from '../../src/log/saga-log.ts';
import {
  claimOf,
  claimRequest,
  commitAs,
  insertAndClaim,
  logWrite,
  newSaga,
} from '../support/saga-writes.ts';

export interface ForgetfulSagaLog {
  readonly log: SagaLog;
  /** From here on what the primary alone acknowledges is forgotten by the failover that is returned. */
  readonly beforeFailover: () => Promise<() => Promise<void>>;
}

const CANCEL = { type: 'cancel-requested', step: null, detail: 'by x' };
const ON_PRIMARY = { durability: 'primary' } as const;

export function describeForgetfulSagaLog(
  name: string,
  create: (db: Db) => Promise<ForgetfulSagaLog>,
): void {
  async function setUp() {
    const { log, beforeFailover } = await create(await createTestDatabase());
    return { log, beforeFailover };
  }

  function cancelOn(log: SagaLog, base: SagaRecord) {
    const state = { ...base.state, cancelRequested: true };
    return log.intervene({ base, state, event: CANCEL, writeId: randomUUID() });
  }

  async function found(log: SagaLog, { id }: Pick<SagaRecord, 'id'>): Promise<SagaRecord> {
    const saga = await log.find(id);
    if (saga === null) throw new Error(`no saga ${id}`);
    return saga;
  }

  describe(`${name}: after a failover`, () => {
    it('a cancel has taken the number of a forgotten write: what was made from that write is a conflict', async () => {
      const { log, beforeFailover } = await setUp();
      const held = await insertAndClaim(log);
      const failOver = await beforeFailover();
      const forgotten = await commitAs(log, held, ON_PRIMARY);
      await failOver();
      const cancelled = await cancelOn(log, held.saga);
      expect(cancelled.status).toBe('landed');
      expect(cancelled.saga.revision).toBe(forgotten.saga.revision);
      const result = await log.commit(logWrite(forgotten));
      expect(result).toEqual({ status: 'conflict', saga: await found(log, held.saga) });
      expect(await found(log, held.saga)).toEqual(cancelled.saga);
    });

    it('nothing came in its place: a conflict, with the record before it', async () => {
      const { log, beforeFailover } = await setUp();
      const held = await insertAndClaim(log);
      const failOver = await beforeFailover();
      const first = await commitAs(log, held, ON_PRIMARY);
      const second = await commitAs(log, first, ON_PRIMARY);
      await failOver();
      expect(await log.commit(logWrite(second))).toEqual({ status: 'conflict', saga: held.saga });
      expect(await found(log, held.saga)).toEqual(held.saga);
    });

    it('the same write sent again: lands on what it was made from, and only there', async () => {
      const { log, beforeFailover } = await setUp();
      const [alone, overtaken] = [await insertAndClaim(log), await insertAndClaim(log)];
      const failOver = await beforeFailover();
      const writes = [logWrite(alone, ON_PRIMARY), logWrite(overtaken, ON_PRIMARY)] as const;
      for (const write of writes) expect((await log.commit(write)).status).toBe('landed');
      await failOver();
      await cancelOn(log, overtaken.saga);
      expect((await log.commit(writes[0])).status).toBe('landed');
      expect((await log.commit(writes[1])).status).toBe('conflict');
    });

    it('a cancel or an order made from a forgotten record: a conflict, whatever its number', async () => {
      const { log, beforeFailover } = await setUp();
      const held = await insertAndClaim(log);
      const failOver = await beforeFailover();
      const forgotten = await commitAs(log, held, ON_PRIMARY);
      await failOver();
      const other = await commitAs(log, held);
      expect(other.saga.revision).toBe(forgotten.saga.revision);
      expect(await cancelOn(log, forgotten.saga)).toEqual({ status: 'conflict', saga: other.saga });
    });

    it('captures made from a forgotten record: not taken by the claim', async () => {
      const { log, beforeFailover } = await setUp();
      const { saga } = await log.insert(newSaga());
      const event = { type: 'woken', step: null, detail: null };
      const order = { base: saga, state: saga.state, event };
      const forgotten = { ...saga, revision: saga.revision + 1, writeId: randomUUID() };
      const failOver = await beforeFailover();
      await failOver();
      const stood = await log.intervene({ ...order, writeId: randomUUID() });
      expect(stood.saga.revision).toBe(forgotten.revision);
      const state = { ...saga.state, phase: 'running' as const };
      const captured = { type: 'captured-all', step: null, detail: null, atMs: 1 };
      const beginning = { base: forgotten, state, events: [captured] };
      const claimed = await log.claim(saga.id, { ...claimRequest(), beginning });
      expect(claimed.status).not.toBe('claimed');
      expect(await found(log, saga)).toEqual(stood.saga);
      expect((await claimOf(log, saga)).saga.state.phase).toBe('queued');
    });
  });
}
