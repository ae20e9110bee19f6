// I9: nobody is shown a state that a crash could still take back.

import type { SagaId } from '../../src/domain/ids.ts';
import type { SagaLog } from '../../src/saga/ports/saga-log.ts';
import type { SagaRecord } from '../../src/saga/record.ts';
import { isEnded } from '../../src/saga/state.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTestEngine } from '../support/saga-engine.ts';
import { createGate, createSagaWorld, sagaOf, stepsOf } from '../support/saga-world.ts';
import { breaches, twinsOf } from './bite.ts';

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
});

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
