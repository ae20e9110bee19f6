// A rolling deploy: workers of two releases on one MongoDB and one queue, each with its own version of the deletion. A
// deletion is run by releases that know its version, whoever gets its wake-up, and is finished by such a one (I1, I10).

import { expect, it, onTestFinished } from 'vitest';
import type { SagaDefinition } from '../../packages/saga/src/definition.ts';
import { createEngine } from '../../packages/saga/src/engine/engine.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { createDeleteBotSaga } from '../../src/deletion/delete-bot.ts';
import { createDeleteRequests } from '../../src/deletion/delete-requests.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import type { Services } from '../../src/main/compose/services.ts';
import { startWorkers, type WorkerSet } from '../../src/main/compose/workers.ts';
import { startBeside, startTestApplication, type TestApplication } from '../support/application.ts';
import {
  acceptDelete,
  injectFaults,
  jobAt,
  jobIn,
  ownEntries,
  type PlacedBot,
  placeBot,
  userNamed,
} from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

/** Which release has run a step of which saga. */
type Runs = { readonly release: string; readonly sagaId: string; readonly step: string }[];

/** The deletion of the next release: one step more, so that neither release can run the other's. */
function nextVersion(definition: SagaDefinition): SagaDefinition {
  const farewell = {
    kind: 'retriable',
    name: 'say-farewell',
    retry: { attempts: 3, baseMs: 10, capMs: 100 },
    timeoutMs: 1_000,
    run: async () => ({}),
  } as const;
  return { ...definition, version: 2, steps: [...definition.steps, farewell] };
}

/** The same definition, telling of every run. */
function watched(definition: SagaDefinition, release: string, runs: Runs): SagaDefinition {
  const steps = definition.steps.map((step) => ({
    ...step,
    run: (call: Parameters<typeof step.run>[0]) => {
      runs.push({ release, sagaId: call.sagaId, step: step.name });
      return step.run(call);
    },
  }));
  return { ...definition, steps };
}

/** What a process of a release with these deletions has. */
async function release(base: Services, definitions: readonly SagaDefinition[]): Promise<Services> {
  const { db, clock, redis, workerRedis, deletionPorts: ports, config } = base;
  const engine = await createEngine({
    ...{ clock, redis, workerRedis },
    db,
    prefix: base.keyPrefix,
    sagas: definitions,
    leaseMs: config.leaseMs,
    makesIndexes: false,
  });
  onTestFinished(() => engine.close());
  const { sagas } = engine;
  const { onStopFailure, stopTimeoutMs, maxStopSeconds } = config;
  const deletions = createDeleteRequests({
    ...{ ports, sagas, onStopFailure },
    ...{ stopTimeoutMs, maxStopSeconds },
  });
  return { ...base, engine, sagas, deletions };
}

function work(services: Services): WorkerSet {
  const workers = startWorkers(services, ['deletion', 'relay']);
  onTestFinished(() => workers.stop());
  return workers;
}

async function orderFrom({ deletions }: Services, { uid, userId, instanceId }: PlacedBot) {
  const outcome = await deletions.request({
    userId,
    firebaseUid: toFirebaseUid(uid),
    instanceId: toInstanceId(instanceId),
    requestedBy: 'a test',
    signal: new AbortController().signal,
  });
  if (outcome.status !== 'accepted') throw new Error(`the order came to ${outcome.status}`);
  return outcome.saga;
}

async function sagaOf(app: TestApplication, jobId: string) {
  const saga = await app.services.engine.log.find(toSagaId(jobId));
  if (saga === null) throw new Error(`no saga ${jobId}`);
  return saga;
}

it('old and new workers side by side, then new ones alone, then ones that know both: each deletion is finished by its own version', async () => {
  const app = await startTestApplication({
    env: { WORKERS: 'none', STOP_TIMEOUT_MS: '600000' },
  });
  const beside = await startBeside(app);
  const runs: Runs = [];
  const v1 = createDeleteBotSaga(app.services.deletionPorts);
  const v2 = nextVersion(v1);
  const bots = {
    old: await placeBot(app, 'dedicated', { uid: 'uid-old' }),
    new: await placeBot(app, 'dedicated', { uid: 'uid-new' }),
    waiting: await placeBot(app, 'pooled', { uid: 'uid-waiting' }),
  };
  for (const bot of [bots.old, bots.waiting]) await injectFaults(app, bot, { refuseStop: true });

  // Two deletions of the old release are under way when the new one comes.
  const oldRelease = work(await release(app.services, [watched(v1, 'old', runs)]));
  const first = await acceptDelete(app, bots.old);
  const second = await acceptDelete(app, bots.waiting);
  await jobAt(app, bots.old.uid, first, 'stop-container');
  await jobAt(app, bots.waiting.uid, second, 'stop-container');
  const next = await release(beside.services, [watched(v2, 'new', runs)]);
  const newRelease = work(next);

  const third = await orderFrom(next, bots.new);
  expect(third.version).toBe(2);
  await jobIn(app, bots.new.uid, third.id, 'completed');
  await injectFaults(app, bots.old, null);
  await jobIn(app, bots.old.uid, first, 'completed');

  // The old workers go too early: the new ones leave the deletion alone, and say that nobody can run it.
  await oldRelease.stop();
  const left = await sagaOf(app, second);
  expect(left).toMatchObject({ open: true, version: 1 });
  await injectFaults(app, bots.waiting, null);
  await waitFor(
    'the note that nobody can run it',
    async () => (await sagaOf(app, second)).unrunnableSince !== null,
    50_000,
  );
  expect(await sagaOf(app, second)).toMatchObject({ epoch: left.epoch, state: left.state });

  // A release that carries both finishes it.
  await newRelease.stop();
  work(await release(beside.services, [watched(v1, 'both', runs), watched(v2, 'both', runs)]));
  await jobIn(app, bots.waiting.uid, second, 'completed');

  const ranBy = (jobId: string) =>
    new Set(runs.filter(({ sagaId }) => sagaId === jobId).map((run) => run.release));
  expect([...ranBy(first)]).toEqual(['old']);
  expect([...ranBy(second)]).toEqual(['old', 'both']);
  expect([...ranBy(third.id)]).toEqual(['new']);
  expect((await sagaOf(app, second)).state.steps.map(({ name }) => name)).not.toContain(
    'say-farewell',
  );
  expect((await sagaOf(app, third.id)).state.steps.at(-1)).toMatchObject({
    name: 'say-farewell',
    status: 'done',
  });
  // Each was paid once: 110 beside a balance of 50.
  for (const { uid } of Object.values(bots)) {
    expect((await userNamed(app, uid)).paperWallet.balance).toBe(160);
  }
  expect(await ownEntries(app)).toHaveLength(3);
}, 120_000);
