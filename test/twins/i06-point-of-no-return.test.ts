// I6: what has been paid is never undone, and of a cancel and a payment one wins.

import type { Connection } from 'mongoose';
import type { SagaDefinition } from '../../packages/saga/src/definition.ts';
import { TerminalError } from '../../packages/saga/src/errors.ts';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { beforeFailover, sagasOf } from '../../packages/saga/test/support/saga-log.ts';
import {
  createGate,
  createSagaWorld,
  failing,
  sagaOf,
  stepsOf,
} from '../../packages/saga/test/support/saga-world.ts';
import { createTestDatabase } from '../support/database.ts';
import { placeBot } from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';
import { breaches, twinsOf } from './bite.ts';
import { createLab } from './support/lab.ts';
import { beginDeletion } from './support/lab-sagas.ts';
import { overwriteState } from './support/overwrite-state.ts';

twinsOf('I6', {
  'forward-after-an-undo': async (part) => {
    const { connection, world, make } = await setUp();
    const never = () => new TerminalError('NEVER', 'as the scenario has it');
    const back = failing([never()], (call) => world.undo('b', call));
    const steps = [
      make.undoable('a'),
      make.undoable('b', {
        run: failing([never()], (call) => world.act('b', call)),
        compensate: async (call) => void (await back(call)),
      }),
      make.pivot('pay'),
    ];
    const wrapLog = part === 'twin' ? retryForward : same;
    const engine = await createTestEngine({ connection, definitions: [sagaOf(steps)], wrapLog });
    const { id, state } = await engine.runToRest(await engine.start());
    await engine.sagas.order(id, { verb: 'retry', by: 'admin:test', reason: 'mended' });
    const ended = await engine.runToRest(id);
    return breaches({
      'the scenario was not stuck on its way back': state.stuckFrom !== 'compensating',
      'it went forward after its way back had begun': wentForward(ended),
    });
  },

  // The money has moved; then somebody cancels.
  'pivot-without-its-intent': async (part) => {
    const { connection, world, make } = await setUp();
    const gate = createGate();
    const pay = make.pivot('pay', {
      run: async (call) => {
        await world.act('pay', call);
        await gate.pass();
        return {};
      },
    });
    const definitions = [sagaOf([make.undoable('a'), pay])];
    const wrapLog = part === 'twin' ? unwrittenIntent : same;
    const worker = await createTestEngine({ connection, definitions, wrapLog });
    const other = await createTestEngine({ connection, definitions });
    const id = await worker.start();
    const running = worker.run(id);
    await gate.reached;
    const cancel = await other.sagas.requestCancel(id, 'a test');
    gate.open();
    await running;
    return breaches({ [CANCELLED_AND_PAID]: cancel.status === 'requested' });
  },

  // Between the canceller's look and its write the worker begins to pay.
  'cancel-by-read-then-write': async (part) => {
    const { connection, world, make } = await setUp();
    const [before, paying] = [createGate(), createGate()];
    const steps = [
      make.undoable('a', { run: () => before.pass().then(() => ({})) }),
      make.pivot('pay', {
        run: async (call) => {
          await world.act('pay', call);
          await paying.pass();
          return {};
        },
      }),
    ];
    const definitions = [sagaOf(steps)];
    const worker = await createTestEngine({ connection, definitions });
    const slow = (log: SagaLog): SagaLog => ({
      ...log,
      intervene: async (intervention) => {
        before.open();
        await paying.reached;
        const { base, state } = intervention;
        if (part === 'real') return log.intervene(intervention);
        return { status: 'landed', saga: await overwriteState(connection, base, state) };
      },
    });
    const canceller = await createTestEngine({ connection, definitions, wrapLog: slow });
    const id = await worker.start();
    const running = worker.run(id);
    await before.reached;
    const cancel = await canceller.sagas.requestCancel(id, 'a test');
    paying.open();
    await running;
    const { done } = await world.read('pay', id);
    return breaches({ [CANCELLED_AND_PAID]: cancel.status === 'requested' && done > 0 });
  },

  // A failover forgets that `a` is done; a cancel takes the number of that write, and the worker goes on.
  'write-conditional-on-a-count': async (part) => {
    const { connection, world, make } = await setUp();
    const gate = createGate();
    let failOver = async (): Promise<void> => undefined;
    const steps = [
      make.undoable('a', {
        run: async (call) => {
          await world.act('a', call);
          failOver = await beforeFailover(connection);
          return {};
        },
      }),
      make.undoable('b', { run: () => gate.pass().then(() => ({})) }),
      make.pivot('pay'),
    ];
    const definitions = [sagaOf(steps)];
    const wrapLog = part === 'twin' ? conditionalOnRevision(connection) : same;
    const worker = await createTestEngine({ connection, definitions, wrapLog });
    const other = await createTestEngine({ connection, definitions });
    const id = await worker.start();
    const running = worker.run(id);
    await gate.reached;
    await waitFor('the write that will be forgotten', async () => {
      const saga = await sagasOf(connection).findOne({ _id: id as never });
      return saga?.state.cursor === 1;
    });
    await failOver();
    const cancel = await other.sagas.requestCancel(id, 'a test');
    gate.open();
    await running;
    const { done } = await world.read('pay', id);
    return breaches({ [CANCELLED_AND_PAID]: cancel.status === 'requested' && done > 0 });
  },

  // Docker removes the container as it stops; then its owner cancels.
  'cancel-of-a-stop-that-removes': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated', { isAutoRemoved: true });
    const gate = createGate();
    const worker = await lab.worker({
      ports: ({ bots }) => ({
        bots: {
          ...bots,
          stop: async (...order) => {
            const outcome = await bots.stop(...order);
            await gate.pass();
            return outcome;
          },
        },
      }),
      ...(part === 'twin' ? { definition: withoutCanUndo } : {}),
    });
    const id = await beginDeletion(worker, bot);
    const running = worker.runToRest(id);
    await gate.reached;
    const cancel = await worker.sagas.requestCancel(id, 'a test');
    gate.open();
    await running;
    const { dedicated } = await lab.world.snapshot();
    const isGone = dedicated.length === 0;
    return breaches({ [CANCELLED_AND_GONE]: cancel.status === 'requested' && isGone });
  },
});

const CANCELLED_AND_GONE = 'a cancel was accepted, and the bot is gone';
const CANCELLED_AND_PAID = 'a cancel was accepted, and the money has moved';

async function setUp() {
  const connection: Connection = await createTestDatabase();
  const world = await createSagaWorld(connection);
  return { connection, world, make: stepsOf(world) };
}

const same = (log: SagaLog): SagaLog => log;

/** A retry that forgets in which direction the saga was going. */
function retryForward(log: SagaLog): SagaLog {
  return {
    ...log,
    intervene: (intervention) => {
      if (intervention.event.type !== 'retry-ordered') return log.intervene(intervention);
      const { state } = intervention.base;
      const forward = { ...state, phase: 'running', stuckFrom: null, cause: null } as const;
      return log.intervene({ ...intervention, state: forward });
    },
  };
}

/** A log that says it has the pivot's intent before it has it. */
function unwrittenIntent(log: SagaLog): SagaLog {
  return {
    ...log,
    commit: async (write) => {
      const { base, state } = write;
      if (base.state.pivotBegun || !state.pivotBegun) return log.commit(write);
      return { status: 'landed', saga: { ...base, state, revision: base.revision + 1 } };
    },
  };
}

/** A log whose writes land on whatever has the number of their base. */
function conditionalOnRevision(connection: Connection) {
  return (log: SagaLog): SagaLog => ({
    ...log,
    commit: async (write) => {
      const { base } = write;
      const stored = await sagasOf(connection).findOne({ _id: base.id as never });
      const isSame = stored?.revision === base.revision;
      return log.commit(isSame ? { ...write, base: { ...base, writeId: stored.writeId } } : write);
    },
  });
}

/** Steps that do not know that they cannot be undone. */
function withoutCanUndo(definition: SagaDefinition): SagaDefinition {
  return {
    ...definition,
    steps: definition.steps.map((step) => {
      if (step.kind !== 'compensatable') return step;
      const { canUndo: _, ...rest } = step;
      return rest;
    }),
  };
}

function wentForward({ history }: SagaRecord): boolean {
  const types = history.map(({ type }) => type);
  const back = types.findIndex((type) => type.startsWith('compensat'));
  return back >= 0 && types.slice(back).includes('succeeded');
}
