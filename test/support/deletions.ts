// What the end-to-end scenarios share: bots put into all three sources, the fixtures as a platform would
// have them, and what is left of both after a deletion.

import { readFile, writeFile } from 'node:fs/promises';
import type { Document } from 'mongodb';
import { isAtRest, isEnded } from '../../packages/saga/src/machine/state.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import type { InjectedFault } from '../../src/bots/simulator/world-documents.ts';
import type { UserId } from '../../src/domain/ids.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { parseUserDump, seedUsers } from '../../src/wallet/mongodb/seed-users.ts';
import {
  type Reply,
  startBeside,
  startTestApplication,
  type TestApplication,
  type TestApplicationOptions,
} from './application.ts';
import { overwritePoolState, storedPoolState } from './pool-documents.ts';
import { allocation, platformSets, putUser, users } from './users.ts';
import { waitFor } from './wait-for.ts';

async function fixture(name: string): Promise<string> {
  return readFile(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
}

/** The application on the platform's own data: its users, its pool state and what exists in Docker. */
export async function startWithFixtures(
  options: TestApplicationOptions = {},
): Promise<TestApplication> {
  const poolState = JSON.parse(await fixture('pool-state.json'));
  const app = await startTestApplication({ poolState, ...options });
  await seedUsers(app.db, parseUserDump(await fixture('users.json')));
  await app.world.seed(JSON.parse(await fixture('existing.json')));
  return app;
}

/** What the three sources stand on: an application, or anything else that uses the same ones. */
export type Stage = Pick<TestApplication, 'db' | 'world' | 'poolStateFile'> &
  Partial<Pick<TestApplication, 'env'>>;

export interface PlacedBot {
  readonly uid: string;
  readonly userId: UserId;
  readonly instanceId: string;
}

interface PlacedOptions {
  readonly isRunning?: boolean;
  readonly uid?: string;
  /** Of a dedicated bot: `--rm`. */
  readonly isAutoRemoved?: boolean;
}

/** A user with one live bot of its own, worth 110 of the 100 it got, beside a balance of 50. */
export async function placeBot(
  app: Stage,
  kind: 'dedicated' | 'pooled',
  { isRunning = true, uid = 'uid-one', isAutoRemoved = false }: PlacedOptions = {},
): Promise<PlacedBot> {
  const instanceId = `${uid}-bot-2`;
  const bots = { [instanceId]: allocation(100, 110) };
  const userId = await putUser(app.db, { balance: 50, bots, firebaseUid: uid });
  if (kind === 'dedicated') {
    const labels = { instanceId, userId: uid };
    await app.world.addDedicated({
      ...{ instanceId, labels, running: isRunning },
      ...(isAutoRemoved && { autoRemove: true, restartPolicy: 'no' }),
    });
  } else {
    const containerName = poolContainer(uid);
    const program = isRunning ? 'RUNNING' : 'STOPPED';
    await app.world.addPooled({ instanceId, containerName, program });
    await addPoolState(app, poolStateOf(uid));
  }
  return { uid, userId, instanceId };
}

const poolContainer = (uid: string) => `freqtrade-pool-${uid}-pool-1`;

/** A pool of three bots of one user, in the platform's format; `<uid>-bot-2` stands in the middle. */
export function poolStateOf(uid: string): PoolState {
  const poolId = `${uid}-pool-1`;
  const bots = [1, 2, 3].map((n) => `${uid}-bot-${n}`);
  const createdAt = '2026-10-02T09:30:00.000Z';
  const containerName = poolContainer(uid);
  const pool = { id: poolId, userId: uid, containerName, basePort: 9000, capacity: 3, bots };
  const mapping = (instanceId: string, slotIndex: number) => ({
    ...{ poolId, containerName, host: containerName, slotIndex, port: 9000 + slotIndex },
    ...{ status: 'running', instanceId, userId: uid, createdAt },
  });
  return {
    pools: {
      [poolId]: { ...pool, status: 'running', createdAt, poolDir: `pools/${poolId}`, metrics: {} },
    },
    botMapping: Object.fromEntries(bots.map((bot, index) => [bot, mapping(bot, index)])),
    nextPoolId: 2,
    updatedAt: createdAt,
  };
}

export async function readPoolState(app: Stage): Promise<PoolState> {
  if (isInMongodb(app)) return storedPoolState(app.db);
  return JSON.parse(await readFile(app.poolStateFile, 'utf8'));
}

async function addPoolState(app: Stage, added: PoolState): Promise<void> {
  const { pools, botMapping, ...rest } = await readPoolState(app);
  await writePoolState(app, {
    ...rest,
    pools: { ...pools, ...added.pools },
    botMapping: { ...botMapping, ...added.botMapping },
  });
}

/** Whether the pool state is kept in MongoDB, not in a file. */
export function isInMongodb({ env }: Pick<Stage, 'env'>): boolean {
  return env?.POOL_STATE === 'mongodb';
}

/** As the platform writes: the whole state, in place, asking nobody. */
export function writePoolState(app: Stage, content: PoolState): Promise<void> {
  return isInMongodb(app)
    ? overwritePoolState(app.db, content)
    : writeFile(app.poolStateFile, JSON.stringify(content, null, 2));
}

/** DELETE that waits for the end. */
export function deleteBot(app: TestApplication, bot: Pick<PlacedBot, 'uid' | 'instanceId'>) {
  const path = `/bots/${encodeURIComponent(bot.instanceId)}`;
  return app.call(bot.uid, 'DELETE', path, { prefer: 'wait=20' });
}

/** DELETE on an application that gives a stop too little time: it completes all the same, however busy the machine, for
 * it is accepted by a process beside it that gives more. @returns the job's id. */
export async function completedDelete(app: TestApplication, bot: PlacedBot): Promise<string> {
  const { url } = await startBeside(app, { STOP_TIMEOUT_MS: '60000' });
  const reply = await fetch(`${url}/api/freqtrade/bots/${encodeURIComponent(bot.instanceId)}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${await app.token(bot.uid)}` },
  });
  const { jobId }: { jobId: string } = JSON.parse(await reply.text());
  await jobIn(app, bot.uid, jobId, 'completed');
  return jobId;
}

/** DELETE that is answered at once. @returns the job's id. */
export async function acceptDelete(
  app: TestApplication,
  bot: Pick<PlacedBot, 'uid' | 'instanceId'>,
): Promise<string> {
  const reply = await app.call(bot.uid, 'DELETE', `/bots/${bot.instanceId}`);
  if (reply.status !== 202) throw new Error(`DELETE answered ${reply.status}`);
  return reply.body.jobId;
}

/** DELETE of a bot that does not stop, at its first attempts to stop it. @returns the job's id. */
export async function deleteThatCannotStop(app: TestApplication, bot: PlacedBot): Promise<string> {
  await injectFaults(app, bot, { refuseStop: true });
  const jobId = await acceptDelete(app, bot);
  await jobAt(app, bot.uid, jobId, 'stop-container');
  return jobId;
}

/** A deletion that has stopped its bot and stands right before its payment; after `meanwhile` it goes on. @returns its job,
 * completed. */
export async function deleteWithPause(
  app: TestApplication,
  bot: PlacedBot,
  meanwhile: () => Promise<unknown>,
) {
  const setBalance = (balance: unknown) =>
    platformSets(app.db, bot.userId, { 'paperWallet.balance': balance });
  const jobId = await deleteThatCannotStop(app, bot);
  await setBalance('fifty');
  await injectFaults(app, bot, null);
  await jobIn(app, bot.uid, jobId, 'stuck');
  await meanwhile();
  await setBalance(50);
  const retry = { verb: 'retry', by: 'admin:test', reason: 'mended' } as const;
  await app.services.sagas.order(toSagaId(jobId), retry);
  return jobIn(app, bot.uid, jobId, 'completed');
}

/** DELETE that waits for an operator since its bot does not stop, on an application that holds then. @returns the job's id. */
export async function stuckDelete(app: TestApplication, bot: PlacedBot): Promise<string> {
  await injectFaults(app, bot, { refuseStop: true });
  const jobId = await acceptDelete(app, bot);
  await jobIn(app, bot.uid, jobId, 'stuck');
  return jobId;
}

/** Polls the job until it is in this state.
 * @throws also when it has ended otherwise: an end never changes (I9). */
export function jobIn(
  app: TestApplication,
  uid: string,
  jobId: string,
  state: string,
): Promise<Reply['body']> {
  return waitFor(`job ${jobId} ${state}`, async () => {
    const { status, body } = await app.call(uid, 'GET', `/jobs/${jobId}`);
    if (status !== 200) return false;
    if (body.state === state) return body;
    if (isEnded(body.state)) throw new Error(`job ${jobId} ended as ${body.state}, not ${state}`);
    return false;
  });
}

/** Polls the job until it has ended or waits for an operator. */
export function jobAtRest(app: TestApplication, uid: string, jobId: string) {
  return waitFor(`job ${jobId} at rest`, async () => {
    const { status, body } = await app.call(uid, 'GET', `/jobs/${jobId}`);
    return status === 200 && isAtRest(body.state) && body;
  });
}

/** Polls the job until the saga works on this step. */
export function jobAt(app: TestApplication, uid: string, jobId: string, step: string) {
  return waitFor(`job ${jobId} at ${step}`, async () => {
    const { body } = await app.call(uid, 'GET', `/jobs/${jobId}`);
    return body.step === step && body.steps.some(isBegun(step)) && body;
  });
}

const isBegun = (step: string) => (one: { name: string; attempts: number }) =>
  one.name === step && one.attempts > 0;

export async function userNamed(app: Stage, firebaseUid: string) {
  const user = await users(app.db).findOne({ firebaseUid });
  if (user === null) throw new Error(`no user ${firebaseUid}`);
  return user;
}

/** All documents of one of our collections. */
export function allOf(app: Stage, collection: string): Promise<Document[]> {
  return app.db.collection(collection).find().toArray();
}

/** The ledger's entries of this program: the audit takes the platform's own rows in beside them, at its own pace. */
export async function ownEntries(app: Stage): Promise<Document[]> {
  return (await allOf(app, 'ledger')).filter(({ source }) => source === 'reclaim');
}

/** Without what withdrawn ones have left. */
export function standingTombstones({ db }: Stage): Promise<Document[]> {
  return db
    .collection('tombstones')
    .find({ status: { $ne: 'withdrawn' } })
    .toArray();
}

/** The looks after the end, due at once instead of after a minute. */
export async function makeEndedDue({ db }: Stage): Promise<void> {
  await db
    .collection('tombstones')
    .updateMany({ status: 'ended' }, { $set: { nextCheckAt: new Date(0) } });
}

/** Every tombstone has this status, and has been checked once in it. */
export async function checkedAs(app: Stage, status: 'ended' | 'settled'): Promise<void> {
  const due = { status, nextCheckAt: new Date(0), heldUntil: null };
  await app.db.collection('tombstones').updateMany({}, { $set: due });
  await waitFor(`the ${status} one to be checked`, async () => {
    const all = await standingTombstones(app);
    return all.every(({ nextCheckAt }) => nextCheckAt === null || nextCheckAt > new Date(1));
  });
}

export async function findingsOf(app: Stage, kind: string): Promise<Document[]> {
  return (await allOf(app, 'findings')).filter((finding) => finding.kind === kind);
}

export function injectFaults(
  app: Stage,
  { instanceId }: Pick<PlacedBot, 'instanceId'>,
  behaviour: InjectedFault | null,
): Promise<void> {
  return app.world.injectFaults({ instanceId }, behaviour);
}

/** Everything outside the log that a deletion can touch, for comparing before with after. */
export async function outsideState(app: Stage) {
  const { dedicated, pooled } = await app.world.snapshot();
  const wallets = await users(app.db).find().sort({ _id: 1 }).toArray();
  return {
    bots: [...dedicated, ...pooled].map(({ injectFaults: _, ...bot }) => bot),
    wallets: wallets.map(({ ledgerState: _, withdrawn: __, ...user }) => user),
    pools: await readPoolState(app).then(({ pools, botMapping }) => ({ pools, botMapping })),
    tombstones: await standingTombstones(app),
    ledger: await ownEntries(app),
  };
}
