// I5: a worker that lost its saga changes nothing, and one process at a time writes the pool state.

import { unlink, utimes } from 'node:fs/promises';
import type { Connection } from 'mongoose';
import { afterAll } from 'vitest';
import type { SagaDefinition } from '../../packages/saga/src/definition.ts';
import type { Claim, SagaLog } from '../../packages/saga/src/log/saga-log.ts';
import { createLocalRuns } from '../../packages/saga/src/run/local-runs.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { createSagas } from '../../packages/saga/src/sagas.ts';
import { NO_WAKE_UPS } from '../../packages/saga/src/testing/bare-engine.ts';
import { createTestEngine, LEASE_MS } from '../../packages/saga/test/support/saga-engine.ts';
import { sagasOf } from '../../packages/saga/test/support/saga-log.ts';
import {
  createGate,
  createSagaWorld,
  sagaOf,
  stepsOf,
} from '../../packages/saga/test/support/saga-world.ts';
import { finishTombstone } from '../../src/deletion/finish-tombstone.ts';
import type { DeletionPorts } from '../../src/deletion/steps/step-ports.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { ok, unknown } from '../../src/domain/source.ts';
import { createProvisionBotSaga, PROVISION_BOT } from '../../src/provisioning/provision-bot.ts';
import type { ProvisionBotInput } from '../../src/provisioning/provision-bot-input.ts';
import type { SettleCommand } from '../../src/wallet/wallets.ts';
import { createTestDatabase } from '../support/database.ts';
import { type PlacedBot, placeBot, poolStateOf, writePoolState } from '../support/deletions.ts';
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts';
import { allocation, users } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Breaches, breaches, type Part, twinsOf } from './bite.ts';
import { createLab, type Lab } from './support/lab.ts';
import { beginDeletion, deleteToRest } from './support/lab-sagas.ts';
import { lateSurvey } from './support/late-survey.ts';
import { overwriteState } from './support/overwrite-state.ts';
import { GIVES_UP_MS, twoWriters, twoWritersOfDocuments } from './support/two-writers.ts';

twinsOf('I5', {
  // A worker is in mid-step when its primary loses its majority: another one may be primary, and another worker at work.
  'proof-without-a-majority': async (part) => {
    const connection = await createTestDatabase((await replicas()).uri);
    const make = stepsOf(await createSagaWorld(connection));
    const gate = createGate();
    const passed: string[] = [];
    let majority = 'there';
    const fenced = make.undoable('a', {
      run: async (call) => {
        await gate.pass();
        await call.fence();
        passed.push(majority);
        return {};
      },
    });
    const answers: unknown[] = [];
    const wrapLog = (log: SagaLog): SagaLog => ({
      ...log,
      prove: async (claim) => {
        const proof = part === 'twin' ? readClaim(connection, claim) : log.prove(claim);
        await proof.catch(() => undefined).then((answer) => answers.push(answer));
        return proof;
      },
    });
    const definitions = [sagaOf([fenced, make.pivot('pay')])];
    const engine = await createTestEngine({ connection, definitions, wrapLog });
    const id = await engine.start();
    const running = engine.runToRest(id);
    await gate.reached;
    // Nothing young is left of what a majority has confirmed.
    await engine.pass(1_000);
    const set = await replicas();
    majority = 'away';
    set.hold();
    gate.open();
    await waitFor('an answer', () => answers.length > 0);
    const isSent = () => passed.length > 0;
    if (part === 'twin') await waitFor('the effect', isSent);
    majority = 'there';
    set.release();
    await running;
    return breaches({
      'an effect passed on the word of a primary without its majority': passed.includes('away'),
      'the scenario never came to its effect': passed.length === 0,
    });
  },

  // A worker stands still for longer than its lease; another one takes the saga to its end meanwhile.
  'log-write-without-epoch': async (part) => {
    const connection = await createTestDatabase();
    const world = await createSagaWorld(connection);
    const gate = createGate();
    const make = stepsOf(world);
    const slow = make.undoable('a', {
      run: async (call) => {
        await world.act('a', call);
        await gate.pass();
        return {};
      },
    });
    const definitions = [sagaOf([slow, make.undoable('b'), make.pivot('pay')])];
    const forgetful = (log: SagaLog): SagaLog => ({
      ...log,
      commit: async (write) => {
        const committed = await log.commit(write);
        if (committed.status !== 'fenced') return committed;
        const saga = await overwriteState(connection, write.base, write.state);
        return { status: 'landed', saga };
      },
    });
    const options = { connection, definitions };
    const twist = part === 'twin' ? { wrapLog: forgetful } : {};
    const old = await createTestEngine({ ...options, ...twist });
    const young = await createTestEngine(options);
    const id = await old.start();
    const running = old.run(id);
    await gate.reached;
    await old.pass(LEASE_MS);
    const ended = await young.runToRest(id);
    gate.open();
    await running;
    return breaches({
      'the scenario has not ended the saga': ended.state.phase !== 'completed',
      'a worker with an old epoch wrote to the log':
        (await young.log.find(id))?.revision !== ended.revision,
      'no fence rejection was counted': old.fenced.length === 0,
    });
  },

  // The same in front of Docker: the deletion was cancelled meanwhile, and the bot is to run on.
  'fence-not-asked': async (part) => {
    const lab = await createLab();
    const gate = createGate();
    const bot = await placeBot(lab, 'dedicated');
    const old = await lab.worker({
      ports: ({ bots }) => ({
        bots: {
          ...bots,
          stop: async (instanceId, observed, call) => {
            await gate.pass();
            const fence = part === 'twin' ? async () => undefined : call.fence;
            return bots.stop(instanceId, observed, { ...call, fence });
          },
        },
      }),
    });
    const young = await lab.worker();
    const id = await beginDeletion(old, bot);
    const running = old.run(id);
    await gate.reached;
    // What it still had to write would prove its claim anew, and a proof stands for a tenth of a second.
    await waitFor('the stop to be noted as begun', async () => {
      return (await young.sagas.find(id))?.state.cursor === 1;
    });
    await old.pass(LEASE_MS);
    await young.sagas.requestCancel(id, 'a test');
    const { state } = await young.runToRest(id);
    gate.open();
    await running;
    const { dedicated } = await lab.world.snapshot();
    return breaches({
      'the scenario has not gone back': state.phase !== 'compensated',
      'a worker that had lost its saga stopped the bot': dedicated[0]?.running !== true,
    });
  },

  // And in the wallet: its payment is under way when another worker has the saga, and has come as far.
  'lock-left-at-its-epoch': async (part) => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const gates = { old: createGate(), young: createGate() };
    const answers: string[] = [];
    const paying = (who: 'old' | 'young') => ({
      ports: ({ wallets }: DeletionPorts) => ({
        wallets: {
          ...wallets,
          settle: async (command: SettleCommand) => {
            await gates[who].pass();
            const result = await wallets.settle(command);
            answers.push(`${who}: ${result.status}`);
            return result;
          },
        },
      }),
    });
    const unraised = (definition: SagaDefinition): SagaDefinition =>
      definition.fenceEffects === undefined
        ? definition
        : { ...definition, fenceEffects: async () => undefined };
    const old = await lab.worker(paying('old'));
    const young = await lab.worker({
      ...paying('young'),
      ...(part === 'twin' && { definition: unraised }),
    });
    const id = await beginDeletion(old, bot);
    const running = old.run(id);
    await gates.old.reached;
    await old.pass(LEASE_MS);
    const resumed = young.run(id);
    await gates.young.reached;
    gates.old.open();
    await running;
    gates.young.open();
    await resumed;
    const { state } = await young.runToRest(id);
    return breaches({
      'the scenario has not ended the saga': state.phase !== 'completed',
      'a worker that had lost its saga paid': answers.includes('old: settled'),
    });
  },

  // A worker stands still for longer than its lease, right before a call. Meanwhile the database's clock goes back by as
  // much, so that by it no time has passed.
  'proof-by-a-clock-that-goes-back': async (part) => {
    const connection = await createTestDatabase();
    const world = await createSagaWorld(connection);
    const gate = createGate();
    const make = stepsOf(world);
    const slow = make.undoable('a', {
      run: async (call) => {
        if (call.epoch === 1) await gate.pass();
        await call.fence();
        await world.act('a', call);
        return {};
      },
    });
    const options = { connection, definitions: [sagaOf([slow])] };
    const stopped = { nowMs: () => 0, monotonicMs: () => 0 };
    const twist = part === 'twin' ? { wrapClock: () => stopped } : {};
    const old = await createTestEngine({ ...options, ...twist });
    const young = await createTestEngine(options);
    const id = await young.start();
    const running = old.run(id);
    await gate.reached;
    await old.pass(LEASE_MS);
    const ended = await young.runToRest(id);
    gate.open();
    await running;
    return breaches({
      'the scenario has not ended the saga': ended.state.phase !== 'completed',
      'a worker that had lost its saga acted': (await world.read('a', id)).done !== 1,
    });
  },

  // The holder is slow, and its lock looks as if it were of yesterday.
  'lock-broken-by-age': (part) =>
    twoWriters(part, async (writers, lock) => {
      const first = writers.begin('uid-0-bot-1');
      await first.isInside;
      const yesterday = new Date(Date.now() - 86_400_000);
      await utimes(lock, yesterday, yesterday);
      const second = writers.begin('uid-0-bot-2', GIVES_UP_MS);
      second.advance();
      await second.ended;
      first.advance();
      await first.ended;
    }),

  // A person removes the lock of a slow holder, and the next one takes it.
  'lock-freed-without-token': (part) =>
    twoWriters(part, async (writers, lock) => {
      const first = writers.begin('uid-0-bot-1');
      await first.isInside;
      await unlink(lock);
      const second = writers.begin('uid-0-bot-2');
      await second.isInside;
      first.advance();
      await first.ended;
      const third = writers.begin('uid-0-bot-3', GIVES_UP_MS);
      third.advance();
      await third.ended;
      second.advance();
      await second.ended;
    }),

  // In MongoDB nobody waits for a lock: another process writes between the reading and the write of the first.
  'pool-documents-without-revision': (part) =>
    twoWritersOfDocuments(part, async (writers) => {
      const first = writers.begin('uid-0-bot-1');
      await first.isInside;
      const second = writers.begin('uid-0-bot-2');
      second.advance();
      await second.ended;
      first.advance();
      await first.ended;
    }),

  // The platform makes the bot again under the same id; then comes the later observation of the old one's tombstone.
  'tombstone-of-the-id': (part) =>
    madeAgain(part, {
      make: async ({ connection }, { uid, instanceId }) => {
        const fresh = { ...allocation(650, 650), allocatedAt: new Date() };
        const money = { $set: { [`botAllocations.${instanceId}`]: fresh } };
        await users(connection).updateOne({ firebaseUid: uid }, money);
      },
      blind: ({ wallets }) => ({
        wallets: {
          ...wallets,
          readAllocation: async () => ({ status: 'absent', firebaseUid: null }),
        },
      }),
    }),

  // The platform has given it a place and started it, and writes its money when it runs.
  'tombstone-of-the-place': (part) =>
    madeAgain(part, {
      make: async (lab, { uid }) => {
        const createdAt = new Date().toISOString();
        const { botMapping, ...rest } = poolStateOf(uid);
        const placed = Object.entries(botMapping).map(([id, mapping]) => [
          id,
          { ...mapping, createdAt },
        ]);
        await writePoolState(lab, { ...rest, botMapping: Object.fromEntries(placed) });
      },
      blind: ({ poolStates }) => ({
        poolStates: { ...poolStates, read: async () => unknown('nobody asked') },
      }),
    }),

  // A saga that yields has a call under way that nobody can fence. Another saga takes its key.
  'room-without-waiting': async (part) => {
    const connection = await createTestDatabase();
    const world = await createSagaWorld(connection);
    const gate = createGate();
    const make = stepsOf(world);
    const care = make.undoable('care', {
      compensate: async () => undefined,
      run: async (call) => {
        await call.fence();
        await gate.pass();
        await world.act('care', call);
        return {};
      },
    });
    const engine = await createTestEngine({
      connection,
      definitions: [
        sagaOf([care], { name: 'care', preemptibleWithinMs: LEASE_MS }),
        sagaOf([make.retriable('work')], { name: 'work' }),
      ],
    });
    const { sagas } = engine;
    const order = { subject: 'somebody', requestedBy: 'a test' };
    const input = { key: 'one' };
    const first = await sagas.start({ ...order, kind: 'care', input });
    const running = engine.run(first.saga.id);
    await gate.reached;
    const room = await sagas.preempt([first.saga], 'a test');
    const notBeforeMs = part === 'twin' ? null : room.notBeforeMs;
    const { saga } = await sagas.start({ ...order, kind: 'work', input, notBeforeMs });
    await engine.run(saga.id);
    gate.open();
    await running;
    await engine.pass(LEASE_MS);
    const ended = await engine.runToRest(saga.id);
    return breaches({
      'the scenario has not ended the saga': ended.state.phase !== 'completed',
      'the call of a saga that gave way came after its successor’s':
        world.order.at(-1) !== 'do work',
    });
  },

  // The platform's write loses the row of a bot that runs; then its owner makes another one.
  'port-of-a-lost-row': async (part) => {
    const lab = await createLab();
    const { uid, userId } = await placeBot(lab, 'pooled');
    const state = poolStateOf(uid);
    const [containerName] = Object.values(state.pools).map((pool) => pool.containerName);
    await lab.world.addPooled({ instanceId: `${uid}-bot-1`, containerName: String(containerName) });
    const pools = Object.fromEntries(
      Object.entries(state.pools).map(([id, pool]) => [id, { ...pool, bots: [] }]),
    );
    await writePoolState(lab, { ...state, pools, botMapping: {} });
    const bots = { ...lab.ports.bots, listPool: async () => ok([], new Date()) };
    const provisioning = part === 'twin' ? { ...lab.ports, bots } : lab.ports;
    const engine = await createTestEngine({
      connection: lab.connection,
      definitions: [createProvisionBotSaga(provisioning)],
    });
    const made = toInstanceId(`${uid}-bot-9`);
    const { saga } = await engine.sagas.start({
      kind: PROVISION_BOT,
      subject: userId,
      requestedBy: 'a test',
      input: {
        ...{ userId: toUserId(userId), firebaseUid: toFirebaseUid(uid), instanceId: made },
        ...{ botName: 'Alpha', allocatedAmount: 10, amountMinor: 1_000, image: null },
        ...{ startTimeoutMs: 5_000, undoTimeoutMs: 5_000 },
      } satisfies ProvisionBotInput,
    });
    const { state: ended } = await engine.runToRest(saga.id);
    const { pooled } = await lab.world.snapshot();
    const ports = new Set(pooled.map(({ port }) => port));
    return breaches({
      'the scenario has not ended the saga': ended.phase !== 'completed',
      'two bots of one pool have one port': ports.size < pooled.length,
    });
  },

  // A worker that was paused before its survey comes back when the next one has surveyed.
  'list-begun-anew-by-a-late-worker': async (part) => {
    const left = await lateSurvey(({ restart }) =>
      part === 'twin' ? { restart: (id) => restart(id, async () => undefined) } : {},
    );
    return breaches({
      'a worker that had lost its run emptied the list that another worked off': left === 0,
    });
  },

  // A parent that was taken over orders its child again, in another process, while the child runs in the first.
  'claim-of-an-earlier-order': async (part) => {
    const connection = await createTestDatabase();
    const make = stepsOf(await createSagaWorld(connection));
    const runs: string[] = [];
    const step = make.retriable('a', {
      run: async ({ sagaId }) => {
        runs.push(sagaId);
        return {};
      },
    });
    const definitions = [sagaOf([step])];
    const believing = (log: SagaLog): SagaLog => ({
      ...log,
      insert: async (saga) => {
        const result = await log.insert(saga);
        const { id: sagaId, epoch } = result.saga;
        const { claim } = saga;
        return claim === undefined ? result : { ...result, claim: { ...claim, sagaId, epoch } };
      },
    });
    const id = toSagaId('tst-aaaaaaaaaaaaaaaa');
    const gate = createGate();
    const start = async (hold: (log: SagaLog) => SagaLog) => {
      const { log, clock, runner, registry } = await createTestEngine({
        ...{ connection, definitions },
        wrapLog: (log) => hold(part === 'twin' ? believing(log) : log),
      });
      const wake = async () => undefined;
      const local = createLocalRuns({ runner, isOpen: () => true, wake, onError: wake });
      const shared = { log, registry, clock, wakeUps: NO_WAKE_UPS, onWakeFailed: wake };
      const sagas = createSagas({ ...shared, reserve: local.reserve });
      const order = { kind: 'test-saga', subject: 'somebody', requestedBy: 'its parent' };
      await sagas.start({ ...order, id, input: { bot: 'one' } });
      return local;
    };
    // The first stands before the end of its saga.
    const first = await start((log) => ({
      ...log,
      commit: async (write) => {
        await gate.pass();
        return log.commit(write);
      },
    }));
    const second = await start((log) => log);
    gate.open();
    await Promise.all([first, second].map((local) => local.close(20_000)));
    return breaches({
      'the scenario has run nothing': runs.length === 0,
      'one step was run by two workers, and one claim was stored': runs.length > 1,
    });
  },
});

/** A bot is deleted, and another of its id made; then the tombstone of the first is observed. */
async function madeAgain(
  part: Part,
  {
    make,
    blind,
  }: {
    readonly make: (lab: Lab, bot: PlacedBot) => Promise<void>;
    readonly blind: (ports: DeletionPorts) => Partial<DeletionPorts>;
  },
): Promise<Breaches> {
  const lab = await createLab();
  const bot = await placeBot(lab, 'pooled');
  const { state } = await deleteToRest(await lab.worker(), bot);
  const { instanceId, uid } = bot;
  await make(lab, bot);
  await lab.world.addPooled({ instanceId, containerName: `freqtrade-pool-${uid}-pool-1` });
  const ports = part === 'twin' ? { ...lab.ports, ...blind(lab.ports) } : lab.ports;
  const [tombstone] = await lab.ports.tombstones.findForBot(bot.userId, toInstanceId(instanceId));
  if (tombstone === undefined) throw new Error('the deletion has left no tombstone');
  const call = { signal: new AbortController().signal, fence: async () => undefined };
  await finishTombstone(ports, tombstone, call);
  const { pooled } = await lab.world.snapshot();
  return breaches({
    'the scenario has not ended the saga': state.phase !== 'completed',
    'a new bot was killed by the tombstone of the old one':
      pooled.find((one) => one.instanceId === instanceId)?.program !== 'RUNNING',
  });
}

/** A reading of the claim, which any primary answers. */
async function readClaim(
  connection: Connection,
  { sagaId, epoch, owner }: Claim,
): Promise<boolean> {
  return (await sagasOf(connection).findOne({ _id: sagaId as never, epoch, owner })) !== null;
}

let started: Promise<ReplicaSet> | undefined;

function replicas(): Promise<ReplicaSet> {
  started ??= startReplicaSet();
  return started;
}

afterAll(async () => (await started)?.stop(), 60_000);
