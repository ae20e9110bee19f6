// MongoDB is killed with SIGKILL while a saga is under way, and has forgotten a "step done, next begun" that it had
// acknowledged: the worker that goes on must not write over what came in its place (I6), and the log must be whole.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import { createTestEngine } from '../../packages/saga/test/support/saga-engine.ts';
import { createTestSagaLog, sagasOf } from '../../packages/saga/test/support/saga-log.ts';
import { createGate, sagaOf } from '../../packages/saga/test/support/saga-world.ts';
import { connectMongo } from '../../src/infra/mongodb/connect.ts';
import { type MortalMongod, startMortalMongod } from '../support/mortal-mongod.ts';
import { waitFor } from '../support/wait-for.ts';

let mongod: MortalMongod;

beforeAll(async () => {
  mongod = await startMortalMongod();
}, 90_000);

afterAll(() => mongod?.stop(), 60_000);

const RETRY = { attempts: 5, baseMs: 10, capMs: 50 } as const;
/** The journal goes to the disk by itself, too: then the write was not lost, and the next round tries again. */
const ROUNDS = 20;
const TIMEOUT_MS = 240_000;

/** Locks, waits at a gate in its second step, and pays. The effects are in this process, which nobody kills. */
async function setUp() {
  const db = await connectMongo(mongod.uri);
  onTestFinished(() => db.client.close());
  await createTestSagaLog(db);
  const gate = createGate();
  const done: string[] = [];
  const act = async (what: string) => {
    done.push(what);
    return {};
  };
  const undoable = (name: string, run: () => Promise<unknown>) => ({
    ...{ kind: 'compensatable' as const, name, retry: RETRY, compensateRetry: RETRY },
    timeoutMs: 60_000,
    capture: async () => 'as before',
    run: async () => {
      await run();
      return act(name);
    },
    compensate: async () => void (await act(`undo ${name}`)),
  });
  const pay = {
    ...{ kind: 'pivot' as const, name: 'pay', retry: RETRY, timeoutMs: 5_000 },
    run: () => act('pay'),
    observe: async () => ({ outcome: done.includes('pay') ? 'landed' : 'absent' }) as const,
    abort: async () => ({ outcome: 'absent' }) as const,
  };
  const definitions = [
    sagaOf([undoable('lock', async () => undefined), undoable('stop', gate.pass), pay]),
  ];
  const engine = await createTestEngine({ db, definitions });
  return { db, engine, gate, done };
}

interface Round {
  /** Of the log, when the second step had begun, and after the server had come back. */
  readonly before: number;
  readonly after: number;
  readonly cancel: string | null;
  readonly ended: SagaRecord;
  readonly done: readonly string[];
}

async function killInTheSecondStep(isCancelled: boolean): Promise<Round> {
  const { db, engine, gate, done } = await setUp();
  const id = await engine.start();
  const running = engine.runToRest(id);
  const revision = () => asStored(db, id);
  const before = await waitFor('the second step in the log', async () => {
    const saga = await revision();
    return saga.cursor === 1 && saga.revision;
  });
  await mongod.kill();
  await mongod.start();
  const after = await again(async () => (await revision()).revision);
  const cancel = isCancelled ? await again(() => engine.sagas.requestCancel(id, 'a user')) : null;
  gate.open();
  await running;
  const ended = await again(() => engine.log.find(id));
  if (ended === null) throw new Error(`no saga ${id}`);
  return { before, after, cancel: cancel?.status ?? null, ended, done };
}

async function asStored(db: Parameters<typeof sagasOf>[0], id: SagaId) {
  const saga = await sagasOf(db).findOne({ _id: id as never });
  return { revision: Number(saga?.revision), cursor: Number(saga?.state.cursor) };
}

/** Until the connection has found its server again. */
function again<T>(ask: () => Promise<T>): Promise<T> {
  return waitFor('MongoDB', () =>
    ask().then(
      (value) => ({ value }),
      () => undefined,
    ),
  ).then(({ value }) => value);
}

/** Plays rounds until one has lost a write; what must hold holds in each of them. */
async function untilForgotten(isCancelled: boolean, check: (round: Round) => void): Promise<Round> {
  for (let n = 0; n < ROUNDS; n += 1) {
    const round = await killInTheSecondStep(isCancelled);
    check(round);
    if (round.after < round.before) return round;
  }
  throw new Error(`in ${ROUNDS} rounds MongoDB forgot nothing`);
}

describe('MongoDB is killed right after it acknowledged that a step is done', () => {
  it(
    'a cancel comes before the worker goes on: accepted, and no money moves (I6)',
    async () => {
      await untilForgotten(true, ({ cancel, ended, done }) => {
        expect(cancel).toBe('requested');
        expect(done).not.toContain('pay');
        expect(done.filter((what) => what.startsWith('undo'))).toEqual(['undo stop', 'undo lock']);
        expect(ended.state).toMatchObject({ phase: 'compensated', cancelRequested: true });
      });
    },
    TIMEOUT_MS,
  );

  it(
    'nobody cancels: paid once, and the log has every step that was done',
    async () => {
      const { before, ended } = await untilForgotten(false, ({ done, ended: { state } }) => {
        expect(done).toEqual(['lock', 'stop', 'pay']);
        expect(state.phase).toBe('completed');
        expect(state.steps.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
      });
      expect(ended.revision).toBeGreaterThan(before);
    },
    TIMEOUT_MS,
  );
});
