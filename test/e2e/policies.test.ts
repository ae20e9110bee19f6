// ON_STOP_FAILURE end to end: what a deletion comes to when its bot cannot be stopped, its host not be
// asked, or its pool entry not be written; and what is left when the trouble is over (I1).

import { describe, expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import {
  dedicatedKey,
  type InjectedFault,
  newContainerId,
  worldCollection,
} from '../../src/bots/simulator/world-documents.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { joinAnswers, unknown } from '../../src/domain/source.ts';
import { startTestApplication, type TestApplication } from '../support/application.ts';
import {
  allOf,
  deleteBot,
  deleteWithPause,
  injectFaults,
  jobIn,
  outsideState,
  ownEntries,
  type PlacedBot,
  placeBot,
  readPoolState,
  standingTombstones,
  userNamed,
} from '../support/deletions.ts';
import { createLab, deleteToRest } from '../support/lab.ts';
import { type Spoiling, spoilPoolState } from '../support/spoil-pool-state.ts';
import { waitFor } from '../support/wait-for.ts';

const RETRY = { verb: 'retry', by: 'admin:test', reason: 'mended' } as const;

type Policy = 'refund' | 'restore' | 'hold';

/** Long enough for a few attempts, short enough for a test. */
const STOP_TIMEOUT_MS = '1000';

/** Where the stop is to be through before the time is over. */
const LONGER_MS = '3000';

function startWith(policy: Policy, limitMs = STOP_TIMEOUT_MS): Promise<TestApplication> {
  return startTestApplication({ env: { ON_STOP_FAILURE: policy, STOP_TIMEOUT_MS: limitMs } });
}

/** One user for each way in which a bot can keep itself from being stopped. */
const TROUBLES: readonly {
  readonly uid: string;
  readonly kind: 'dedicated' | 'pooled';
  readonly behaviour: InjectedFault;
}[] = [
  { uid: 'uid-stubborn', kind: 'dedicated', behaviour: { refuseStop: true } },
  { uid: 'uid-program', kind: 'pooled', behaviour: { refuseStop: true } },
  { uid: 'uid-away', kind: 'dedicated', behaviour: { unreachable: true } },
  { uid: 'uid-mute', kind: 'pooled', behaviour: { unknown: true } },
];

async function placeTroubles(app: TestApplication): Promise<readonly PlacedBot[]> {
  const bots: PlacedBot[] = [];
  for (const { uid, kind, behaviour } of TROUBLES) {
    const bot = await placeBot(app, kind, { uid });
    await injectFaults(app, bot, behaviour);
    bots.push(bot);
  }
  return bots;
}

const deleteAll = (app: TestApplication, bots: readonly PlacedBot[]) =>
  Promise.all(bots.map((bot) => deleteBot(app, bot)));

const behaveAll = (app: TestApplication, bots: readonly PlacedBot[]) =>
  Promise.all(bots.map((bot) => injectFaults(app, bot, null)));

/** As an operator does, again and again: the second that a stop has may be over on a busy machine before it is sent. */
async function retryToTheEnd(app: TestApplication, uid: string, jobId: string) {
  await app.services.sagas.order(toSagaId(jobId), RETRY);
  return waitFor(`job ${jobId} completed`, async () => {
    const { body } = await app.call(uid, 'GET', `/jobs/${jobId}`);
    if (body.state === 'stuck') await app.services.sagas.order(toSagaId(jobId), RETRY);
    return body.state === 'completed' && body;
  });
}

/** As its user does, again and again, for the same reason. @returns the answer that says that it is done. */
function deleteToTheEnd(app: TestApplication, bot: PlacedBot) {
  return waitFor(`${bot.instanceId} deleted`, async () => {
    const { body } = await deleteBot(app, bot);
    return body.success === true && body;
  });
}

/** The bot is nowhere any more, and nothing is left to be done about it. */
async function expectAllGone(app: TestApplication, bots: readonly PlacedBot[]): Promise<void> {
  await waitFor('every tombstone ended', async () => {
    await app.services.deletionPorts.tombstones.makeDue();
    return (await allOf(app, 'tombstones')).every(({ status }) => status === 'ended');
  });
  const { dedicated, pooled } = await app.world.snapshot();
  expect([...dedicated, ...pooled]).toEqual([]);
  const { pools, botMapping } = await readPoolState(app);
  for (const { uid, instanceId } of bots) {
    expect(Object.keys(botMapping)).not.toContain(instanceId);
    expect(pools[`${uid}-pool-1`]?.bots ?? []).not.toContain(instanceId);
    const user = await userNamed(app, uid);
    expect([uid, user.paperWallet.balance, user.botAllocations]).toEqual([uid, 160, {}]);
  }
  expect(await ownEntries(app)).toHaveLength(bots.length);
}

describe('a bot that cannot be stopped', () => {
  it('refund: completed with warnings, paid once; the tombstone finishes when it behaves again', async () => {
    const app = await startWith('refund');
    const bots = await placeTroubles(app);
    const replies = await deleteAll(app, bots);

    for (const [index, { status, body }] of replies.entries()) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ success: true, wallet: { newBalance: 160, returned: 110 } });
      expect(body.warningCodes, TROUBLES[index]?.uid).toEqual([
        'stop-failed',
        'remove-container-unfinished',
      ]);
    }
    const { dedicated, pooled } = await app.world.snapshot();
    expect([dedicated.length, pooled.length]).toEqual([2, 2]);
    const tombstones = await allOf(app, 'tombstones');
    expect(tombstones.map(({ status }) => status)).toEqual(bots.map(() => 'settled'));

    await behaveAll(app, bots);
    await expectAllGone(app, bots);
    // A repeat is answered with the job that has ended.
    const repeats = await deleteAll(app, bots);
    expect(repeats.map(({ body }) => body.jobId)).toEqual(replies.map(({ body }) => body.jobId));
  });

  it('made anew while it stops, then its host goes away: the tombstone names the new container (I1)', async () => {
    const lab = await createLab();
    const bot = await placeBot(lab, 'dedicated');
    const world = worldCollection(lab.db);
    let isSeen = false;
    const stopped: string[] = [];
    const worker = await lab.worker(({ bots }) => ({
      bots: {
        ...bots,
        locate: async (...asked) => {
          // When the lock's captures are taken.
          if (isSeen) return bots.locate(...asked);
          isSeen = true;
          return joinAnswers<ObservedBot>([unknown('it does not answer yet')], new Date());
        },
        stop: async (id, observed, call) => {
          stopped.push(observed.containerId);
          if (stopped.length > 1) {
            await lab.world.injectFaults({ host: observed.host }, { unreachable: true });
          }
          const outcome = await bots.stop(id, observed, call);
          await world.updateOne(
            { _id: dedicatedKey(bot.instanceId) },
            { $set: { containerId: newContainerId(), running: true } },
          );
          return outcome;
        },
      },
    }));

    const { state } = await deleteToRest(worker, bot, 1_000);

    expect(state.warnings.map(({ code }) => code)).toContain('stop-failed');
    const [first, second] = stopped;
    expect(second).not.toBe(first);
    const [tombstone] = await standingTombstones(lab);
    const named = tombstone?.observedBots.map((one: ObservedBot) => one.containerId);
    expect({ status: tombstone?.status, named }).toEqual({
      ...{ status: 'settled', named: [first, second] },
    });
  });

  it('its host goes away after the stop, for good: the job ends all the same, the tombstone goes on', async () => {
    const app = await startWith('refund');
    const bot = await placeBot(app, 'pooled');
    const job = await deleteWithPause(app, bot, () =>
      app.world.injectFaults({ host: 'simulated' }, { unreachable: true }),
    );
    const codes = job.warnings.map(({ code }: { code: string }) => code);
    expect(codes).toEqual(['stop-failed', 'remove-container-unfinished']);
    expect(job.result.wallet).toMatchObject({ returned: 110, newBalance: 160 });
    await app.world.injectFaults({ host: 'simulated' }, null);
    await expectAllGone(app, [bot]);
  });

  it('restore: compensated, and everything is exactly as before; a repeat is a new saga', async () => {
    const app = await startWith('restore');
    const bots = await placeTroubles(app);
    const before = await outsideState(app);
    const replies = await deleteAll(app, bots);

    for (const { status, body } of replies) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ success: false, state: 'compensated', wallet: null });
    }
    expect(await outsideState(app)).toEqual(before);

    await behaveAll(app, bots);
    const repeats = await Promise.all(bots.map((bot) => deleteToTheEnd(app, bot)));
    for (const [index, { jobId }] of repeats.entries()) {
      expect(jobId).not.toBe(replies[index]?.body.jobId);
    }
    await expectAllGone(app, bots);
  });

  it('hold: stuck and visible, no money moved; retried when it behaves, it completes', async () => {
    const app = await startWith('hold');
    const bots = await placeTroubles(app);
    const replies = await deleteAll(app, bots);

    for (const [index, { status, body }] of replies.entries()) {
      expect([status, body.state]).toEqual([202, 'stuck']);
      const { uid } = TROUBLES[index] ?? { uid: '' };
      const job = await jobIn(app, uid, body.jobId, 'stuck');
      expect(job.error).toMatchObject({
        step: 'stop-container',
        code: 'STOP_FAILED',
        class: 'hold',
      });
      expect((await userNamed(app, uid)).paperWallet.balance).toBe(50);
    }
    // Retried while nothing has changed, it gets its time again and is stuck again.
    const [first] = replies;
    await app.services.sagas.order(toSagaId(first?.body.jobId), RETRY);
    await jobIn(app, 'uid-stubborn', first?.body.jobId, 'stuck');

    await behaveAll(app, bots);
    for (const [index, { body }] of replies.entries()) {
      const job = await retryToTheEnd(app, TROUBLES[index]?.uid ?? '', body.jobId);
      expect(job.warnings).toEqual([]);
    }
    await expectAllGone(app, bots);
  });

  it('restore of a bot that was stopped before: it stays stopped', async () => {
    const app = await startWith('restore');
    const bots = [
      await placeBot(app, 'dedicated', { uid: 'uid-asleep', isRunning: false }),
      await placeBot(app, 'pooled', { uid: 'uid-halted', isRunning: false }),
    ];
    // The pool state cannot be written, so that both turn back after their stop.
    const heal = await spoilPoolState(app, 'torn');
    const bot = await app.world.snapshot();
    for (const { body } of await deleteAll(app, bots)) expect(body.state).toBe('compensated');
    expect(await app.world.snapshot()).toEqual(bot);
    await heal();
    for (const bot of bots) await deleteToTheEnd(app, bot);
    await expectAllGone(app, bots);
  });
});

async function damagedApp(policy: Policy, damage: Spoiling) {
  const app = await startWith(policy, LONGER_MS);
  const bot = await placeBot(app, 'pooled');
  const before = await outsideState(app);
  const heal = await spoilPoolState(app, damage);
  return { app, bot, before, heal, reply: await deleteBot(app, bot) };
}

describe('a pool state file that is torn, missing or unreadable', () => {
  it.each(['torn', 'missing', 'unreadable'] as const)(
    'refund, %s: stopped and paid, with a warning; the entry goes when the file can be read again',
    async (damage) => {
      const { app, bot, heal, reply } = await damagedApp('refund', damage);
      expect(reply.body).toMatchObject({ success: true, wallet: { returned: 110 } });
      expect(reply.body.warningCodes).toEqual([
        'pool-state-unwritten',
        'remove-container-unfinished',
      ]);
      expect((await app.world.snapshot()).pooled).toEqual([]);
      await heal();
      await expectAllGone(app, [bot]);
    },
  );

  it('restore: compensated, the bot runs again and nothing else has changed', async () => {
    const { app, bot, before, heal, reply } = await damagedApp('restore', 'missing');
    expect(reply.body).toMatchObject({ success: false, state: 'compensated' });
    await heal();
    expect(await outsideState(app)).toEqual(before);
    await deleteToTheEnd(app, bot);
    await expectAllGone(app, [bot]);
  });

  it('hold: stuck; retried when the file is there again, it completes', async () => {
    const { app, bot, heal, reply } = await damagedApp('hold', 'torn');
    expect(reply.body.state).toBe('stuck');
    const job = await jobIn(app, bot.uid, reply.body.jobId, 'stuck');
    expect(job.error).toMatchObject({ step: 'update-pool-state', code: 'POOL_STATE_UNWRITTEN' });
    expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(50);
    await heal();
    await retryToTheEnd(app, bot.uid, job.jobId);
    await expectAllGone(app, [bot]);
  });
});
