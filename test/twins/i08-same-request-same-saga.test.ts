// I8: as often as a bot's deletion is asked for at once, there is one saga.

import type { Connection } from 'mongoose';
import { SAGA_LOG_INDEXES } from '../../packages/saga/src/log/mongodb/saga-log-indexes.ts';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import type { Sagas } from '../../packages/saga/src/sagas.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { openTestSagaLog, sagasOf } from '../../packages/saga/test/support/saga-log.ts';
import {
  createGate,
  createSagaWorld,
  sagaOf,
  stepsOf,
} from '../../packages/saga/test/support/saga-world.ts';
import { newSaga } from '../../packages/saga/test/support/saga-writes.ts';
import { botKey } from '../../src/deletion/bot-key.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { migrate } from '../../src/main/migration/migration.ts';
import { type RepairCall, repairDrift } from '../../src/sync/repair-drift.ts';
import type { SyncPorts } from '../../src/sync/sync-ports.ts';
import type { DriftNote } from '../../src/sync/sync-reports.ts';
import { createTestDatabase } from '../support/database.ts';
import { inertPorts } from '../support/inert-ports.ts';
import { allocation, BOT, INCARNATION, putUser } from '../support/users.ts';
import { breaches, twinsOf } from './bite.ts';
import { createLab } from './support/lab.ts';

const CALLERS = 10;

twinsOf('I8', {
  'key-by-a-read-before-the-write': async (part) => {
    const connection = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(connection));
    if (part === 'twin') await dropUniqueKey(connection);
    const { sagas } = await createTestEngine({
      connection,
      definitions: [sagaOf([make.undoable('a')])],
      wrapLog: (log) => (part === 'twin' ? readThenInsert(log) : log),
    });
    const order = { kind: 'test-saga', subject: 'somebody', requestedBy: 'many' };
    const calls = Array.from({ length: CALLERS }, () =>
      sagas.start({ ...order, input: { bot: 'one' } }),
    );
    const ids = new Set((await Promise.all(calls)).map(({ saga }) => saga.id));
    return breaches({
      'one bot, and more than one saga': ids.size > 1,
      'the answers name a saga that is not there':
        (await sagasOf(connection).countDocuments()) !== ids.size,
    });
  },

  // An index of the right name stands there, made by hand or by a release before, and lets everything in.
  'index-checked-by-its-name': async (part) => {
    const connection = await createTestDatabase();
    await sagasOf(connection).createIndex({ key: 1 }, { name: 'one_open_saga_per_key' });
    if (part === 'real') await migrate(connection, SAGA_LOG_INDEXES);
    const { log } = await openTestSagaLog(connection);
    const calls = Array.from({ length: CALLERS }, () => log.insert(newSaga({ key: 'one' })));
    await Promise.all(calls);
    const open = await sagasOf(connection).countDocuments({ key: 'one', open: true });
    return breaches({ 'one key, and more than one open saga': open > 1 });
  },

  // The worker that began it dies before it notes it; the saga ends, and the next worker comes to the same orphan.
  'child-of-a-fresh-id': async (part) => {
    const lab = await createLab();
    const bots = { [BOT]: allocation(100, 110) };
    const userId = await putUser(lab.connection, { balance: 50, bots, firebaseUid: 'uid' });
    const { sagas, runToRest } = await lab.worker();
    const fresh: Sagas = { ...sagas, childId: (kind) => sagas.newId(kind) };
    const ports = { ...inertPorts<SyncPorts>(), sagas: part === 'twin' ? fresh : sagas };
    const user = { userId, firebaseUid: toFirebaseUid('uid') };
    const repair = () => repairDrift(ports, user, [CONFIRMED], REPAIR);
    const ofBot = () => sagas.findByKey(botKey({ userId, instanceId: BOT }), 10);
    await repair();
    const [first] = await ofBot();
    if (first === undefined) throw new Error('no saga was begun');
    const { state } = await runToRest(first.id);
    await repair();
    return breaches({
      'the scenario has paid nothing': state.phase !== 'completed',
      'one orphan of one run, and two sagas to pay it back': (await ofBot()).length > 1,
    });
  },
});

const REPAIR: RepairCall = {
  runId: toSagaId('syn-aaaaaaaaaaaaaaaa'),
  at: '2026-11-01T00:00:00.000Z',
  isAgain: false,
  fence: async () => undefined,
  signal: new AbortController().signal,
};

/** An orphan that two observations have found. */
const CONFIRMED: DriftNote = {
  ...{ instanceId: BOT, botName: 'Bot 1', verdict: 'orphan', outcome: 'confirmed', dueAtMs: 0 },
  ...{ reason: null, detail: null, sagaId: null },
  allocation: { incarnationId: INCARNATION, value: 110, facts: '' },
  first: { poolState: 'no', docker: 'no' },
  second: { poolState: 'no', docker: 'no' },
};

async function dropUniqueKey(connection: Connection): Promise<void> {
  await sagasOf(connection).dropIndex('one_open_saga_per_key');
}

/** Looks whether the key is free, and inserts then. */
function readThenInsert(log: SagaLog): SagaLog {
  const all = createGate();
  let confirmed = 0;
  return {
    ...log,
    insert: async (saga) => {
      const [holder] = await log.findByKey(saga.key, 1);
      confirmed += 1;
      // The unlucky moment, made certain: everybody has looked before anybody writes.
      if (confirmed === CALLERS) all.open();
      await all.pass();
      return holder?.open === true ? { status: 'exists', saga: holder } : log.insert(saga);
    },
  };
}
