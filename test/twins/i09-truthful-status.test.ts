// I9: nobody is shown a state that a crash could still take back.

import type { Connection } from 'mongoose';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { type SagaDocument, toRecord } from '../../packages/saga/src/log/mongodb/saga-document.ts';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { isEnded } from '../../packages/saga/src/machine/state.ts';
import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import {
  createTestEngine,
  LEASE_MS,
  type TestEngine,
} from '../../packages/saga/test/support/saga-engine.ts';
import {
  createGate,
  createSagaWorld,
  sagaOf,
  stepsOf,
} from '../../packages/saga/test/support/saga-world.ts';
import { createSimulatedBots } from '../../src/bots/simulator/simulated-bots.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { createMongoBotEvents } from '../../src/health/mongodb/bot-events.ts';
import { createRestartBotSaga, type RestartPorts } from '../../src/health/restart-bot.ts';
import { restartOrder } from '../../src/health/restart-bot-input.ts';
import { createTestDatabase } from '../support/database.ts';
import { allOf, placeBot } from '../support/deletions.ts';
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts';
import { waitFor } from '../support/wait-for.ts';
import { breaches, type Part, twinsOf } from './bite.ts';
import { createLab, type Lab } from './support/lab.ts';

let replicas: ReplicaSet;

beforeAll(async () => {
  replicas = await startReplicaSet();
}, 90_000);

afterAll(() => replicas?.stop(), 60_000);

twinsOf('I9', {
  // The write of the end is under way, and somebody polls.
  'shown-before-durable': async (part) => {
    const connection = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(connection));
    const gate = createGate();
    const wrapLog = (log: SagaLog) => {
      const slow = slowEnd(log, gate.pass);
      return part === 'twin' ? announceFirst(slow) : slow;
    };
    const definitions = [sagaOf([make.undoable('a'), make.pivot('pay')])];
    const engine = await createTestEngine({ connection, definitions, wrapLog });
    const afterCrash = await createTestEngine({ connection, definitions });
    const id = await engine.start();
    const running = engine.run(id);
    await gate.reached;
    const shown = await engine.sagas.find(id);
    const kept = await afterCrash.sagas.find(id);
    gate.open();
    await running;
    return breaches({
      'completed was shown, and a crash would have taken it back':
        shown?.state.phase !== kept?.state.phase,
    });
  },

  // The worker dies when it has started the program and told its owner; the next one finds it up.
  'outcome-reported-by-every-worker': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'pooled');
    await lab.world.setProgram(bot.instanceId, 'EXITED');
    const told = createGate();
    const dying = await restarter(lab, part, async () => {
      await told.pass();
    });
    const { userId, uid } = bot;
    const instanceId = toInstanceId(bot.instanceId);
    const order = restartOrder({ userId, firebaseUid: toFirebaseUid(uid), instanceId }, 1);
    const { id } = (await dying.sagas.start(order)).saga;
    const running = dying.run(id);
    await told.reached;
    await dying.pass(LEASE_MS);
    const { state } = await (await restarter(lab, part, async () => undefined)).runToRest(id);
    told.open();
    await running;
    const events = await allOf(lab, 'botEvents');
    return breaches({
      'the scenario has restarted nothing': state.phase !== 'completed' || events.length === 0,
      'one restart, and its owner was told two outcomes': events.length > 1,
    });
  },

  // The cancel of a saga lies on the primary, whose majority stands still.
  'shown-from-the-primary-alone': async (part) => {
    const connection = await createTestDatabase(replicas.uri);
    onTestFinished(() => replicas.release());
    const make = stepsOf(await createSagaWorld(connection));
    const wrapLog = (log: SagaLog) => (part === 'twin' ? readLocally(log, connection) : log);
    const definitions = [sagaOf([make.undoable('a')])];
    const engine = await createTestEngine({ connection, definitions, wrapLog });
    const id = await engine.start();
    replicas.hold();
    const cancelling = engine.sagas.requestCancel(id, 'somebody');
    await waitFor('the cancel on the primary', async () => (await onPrimary(connection, id)).ended);
    const shown = await engine.sagas.find(id);
    replicas.release();
    await cancelling;
    return breaches({
      'cancelled was shown, and no majority had it': shown?.state.phase === 'cancelled',
    });
  },
});

async function onPrimary(connection: Connection, id: SagaId) {
  const found = await localSagas(connection).findOne({ _id: id }, LOCAL);
  if (found === null) throw new Error(`no saga ${id}`);
  const saga = toRecord(found);
  return { saga, ended: isEnded(saga.state.phase) };
}

const LOCAL = { readConcern: { level: 'local' } } as const;

const localSagas = (connection: Connection) => connection.collection<SagaDocument>('sagas');

function readLocally(log: SagaLog, connection: Connection): SagaLog {
  return { ...log, find: async (id) => (await onPrimary(connection, id)).saga };
}

function slowEnd(log: SagaLog, pass: () => Promise<void>): SagaLog {
  return {
    ...log,
    commit: async (write) => {
      if (isEnded(write.state.phase)) await pass();
      return log.commit(write);
    },
  };
}

/** What a poll reads is told as soon as it is known, and written then. */
function announceFirst(log: SagaLog): SagaLog {
  const told = new Map<SagaId, SagaRecord>();
  return {
    ...log,
    commit: async (write) => {
      const { base, state } = write;
      told.set(base.id, { ...base, state, revision: base.revision + 1 });
      return log.commit(write);
    },
    find: async (id) => told.get(id) ?? log.find(id),
  };
}

/** A worker that restarts bots. @param after called when the owner has been told. */
async function restarter(
  { connection, ports }: Lab,
  part: Part,
  after: () => Promise<void>,
): Promise<TestEngine> {
  const { add } = createMongoBotEvents(connection);
  const events: RestartPorts['events'] = {
    add: async (given) => {
      const each = given.map((event) => ({ ...event, id: `${event.id}/${event.type}` }));
      await add(part === 'twin' ? each : given);
      await after();
    },
  };
  const containers = createSimulatedBots({ connection, now: () => new Date() });
  const meter = { restarted: () => undefined };
  const definitions = [createRestartBotSaga({ ...ports, containers, events, meter })];
  return createTestEngine({ connection, definitions });
}
