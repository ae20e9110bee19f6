// The end of a run: nothing breaks any more, and the system is given the time it asks for. Then every saga must have
// ended (I10), every tombstone must be finished, and synchronising everybody must change nothing any more (I12).

import { readFile } from 'node:fs/promises';
import type { Document } from 'mongodb';
import type { PoolState } from '../src/pool-state/pool-state.ts';
import type { Environment } from './environment.ts';
import { insist, untilTrue } from './insist.ts';
import { orderSyncAll, releaseStuck } from './load/administrators.ts';
import type { Census } from './load/census.ts';
import type { Client } from './load/client.ts';
import type { Promises } from './load/promises.ts';
import { judgeLastRun, takeSnapshot } from './oracle/last-run.ts';
import type { Tally } from './tally.ts';
import type { Verdict } from './verdict.ts';

export interface Ending {
  readonly environment: Environment;
  readonly client: Client;
  readonly census: Census;
  readonly promises: Promises;
  readonly stuck: Tally;
  readonly verdict: Verdict;
  readonly signal: AbortSignal;
}

const REST_WITHIN_MS = 90_000;
const TOMBSTONES_WITHIN_MS = 60_000;
const SYNC_WITHIN_MS = 60_000;
/** Of runs over everybody until one has nothing left to do. */
const HEALING_RUNS = 3;

export async function settleDown(ending: Ending): Promise<void> {
  await comeToRest(ending);
  await finishTombstones(ending);
  for (let run = 0; run < HEALING_RUNS; run += 1) await syncAllUsers(ending);
  await comeToRest(ending);
  await finishTombstones(ending);
  const before = await takeSnapshot(ending.environment);
  await syncAllUsers(ending);
  await comeToRest(ending);
  judgeLastRun(before, await takeSnapshot(ending.environment), ending.verdict);
}

async function comeToRest({ environment, client, stuck, verdict, signal }: Ending): Promise<void> {
  const sagas = environment.db.collection('sagas');
  const open = () => sagas.countDocuments({ open: true });
  const isAtRest = await untilTrue(
    async () => {
      if ((await open()) === 0) return true;
      await releaseStuck({ client, stuck });
      return false;
    },
    REST_WITHIN_MS,
    signal,
  );
  if (isAtRest) return;
  const left = await insist(() => sagas.find({ open: true }).limit(5).toArray());
  for (const { _id, kind, state, dueAt, epoch } of left) {
    const { phase, cursor, cause } = state;
    const facts = { kind, phase, step: state.steps[cursor]?.name, cause, dueAt, epoch };
    verdict.violated('I10', `${_id} has not ended: ${JSON.stringify(facts)}`);
  }
}

async function finishTombstones({ environment, verdict, signal }: Ending): Promise<void> {
  await makeChecksDue(environment);
  const tombstones = environment.db.collection('tombstones');
  const isFinished = await untilTrue(
    async () => {
      return (await tombstones.countDocuments(UNFINISHED)) === 0;
    },
    TOMBSTONES_WITHIN_MS,
    signal,
  );
  if (isFinished) return;
  for (const left of await insist(() => tombstones.find(UNFINISHED).limit(5).toArray())) {
    const { _id, status, sagaId, attempts, lastReason } = left;
    const facts = JSON.stringify({ status, sagaId, attempts, lastReason });
    verdict.violated('I1', `tombstone ${_id} is not finished: ${facts}`);
  }
}

const LONG_AGO = new Date(0);
const UNFINISHED = {
  $or: [{ status: { $nin: ['ended', 'withdrawn'] } }, { status: 'ended', nextCheckAt: LONG_AGO }],
};

/** The platform's stale copies brought entries of deleted bots back. The look of a minute after the end takes them
 * out: for those bots it is brought forward, so that a run need not wait for it. */
async function makeChecksDue({ db, poolStateFile }: Environment): Promise<void> {
  const { botMapping, pools }: PoolState = JSON.parse(await readFile(poolStateFile, 'utf8'));
  const listed = [...Object.keys(botMapping), ...Object.values(pools).flatMap(({ bots }) => bots)];
  await insist(() =>
    db
      .collection('tombstones')
      .updateMany(
        { status: 'ended', instanceId: { $in: listed } },
        { $set: { nextCheckAt: LONG_AGO, heldUntil: null } },
      ),
  );
}

async function syncAllUsers(ending: Ending): Promise<void> {
  const { environment, verdict, signal } = ending;
  const sagas = environment.db.collection<{ _id: string; state: Document }>('sagas');
  let jobId: string | undefined;
  await untilTrue(
    async () => {
      jobId ??= await orderSyncAll(ending);
      return jobId !== undefined;
    },
    SYNC_WITHIN_MS,
    signal,
  );
  const id = jobId ?? '';
  const hasEnded = await untilTrue(
    async () => {
      return (await sagas.findOne({ _id: id }))?.state.phase === 'completed';
    },
    SYNC_WITHIN_MS,
    signal,
  );
  if (!hasEnded) verdict.violated('I10', `the run over everybody (${id}) has not completed`);
}
