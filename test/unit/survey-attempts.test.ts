// A survey that is tried again lists anew, apart from what an earlier attempt has listed: a worker that lost its run, or
// a network that is late, still writes there when the run works its own list off (I9).

import { expect, it } from 'vitest';
import { stored } from '../../packages/saga/src/run/stored.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createSyncAllSaga } from '../../src/sync/sync-all.ts';
import { SURVEY, type SurveyTotals } from '../../src/sync/sync-all-report.ts';
import type { SyncAllPorts } from '../../src/sync/sync-ports.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { NO_POOLS, poolStatesOver } from '../fakes/pool-states.ts';
import { createMemoryRunDrifts } from '../fakes/run-drifts.ts';

const RUN = 'all-aaaaaaaaaaaaaaaa';
const OWNER = { userId: toUserId('6500000000000000000000aa'), firebaseUid: toFirebaseUid('uid') };
const [EARLIER, STANDING] = [toInstanceId('uid-bot-1'), toInstanceId('uid-bot-2')];
const passes = async () => undefined;

/** One user whose bots are nowhere. */
function createWorld() {
  const held = new Set([EARLIER, STANDING]);
  const runDrifts = createMemoryRunDrifts();
  const ports: SyncAllPorts = {
    ...inertPorts<SyncAllPorts>(),
    bots: { ...inertPorts<SyncAllPorts['bots']>(), hosts: () => [] },
    poolStates: poolStatesOver({ pools: NO_POOLS }),
    hostTrust: { judge: async () => 'trusted', findGone: async () => new Set() },
    hostRecords: { ...inertPorts<SyncAllPorts['hostRecords']>(), find: async () => new Map() },
    runDrifts,
    holdings: {
      ...inertPorts<SyncAllPorts['holdings']>(),
      stream: async function* () {
        yield [{ ...OWNER, instanceIds: [...held] }];
      },
      usersOf: async () => new Map(),
      worth: async (bots) => bots.map((bot) => ({ ...bot, valueMinor: 11_000 })),
    },
    sagas: { ...inertPorts<SyncAllPorts['sagas']>(), findHolders: async () => new Map() },
    settings: { confirmMs: 0, youngMs: 0, maxRefunds: 25 },
  };
  const step = createSyncAllSaga(ports).steps.find(({ name }) => name === 'survey');
  async function survey(): Promise<SurveyTotals> {
    const returned = await step?.run({
      ...inertPorts<Parameters<typeof step.run>[0]>(),
      ...{ sagaId: RUN, epoch: 1, attempt: 1, results: {}, progress: null, nowMs: () => 0 },
      ...{ signal: new AbortController().signal, fence: passes, fencedWrite: passes },
      input: { trigger: 'explicit', dryRun: false, force: false },
    });
    return stored('survey', SURVEY).read(Object(returned).value);
  }
  return { held, runDrifts, survey };
}

it('an earlier attempt listed a bot that is back since: the next one’s list is without it', async () => {
  const { held, runDrifts, survey } = createWorld();
  const earlier = await survey();
  held.delete(EARLIER);
  const { listId, orphans } = await survey();
  expect(orphans).toBe(1);
  const listed = await runDrifts.sample(listId, 10);
  expect(listed.map(({ instanceId }) => instanceId)).toEqual([STANDING]);
  expect(await runDrifts.sample(earlier.listId, 10)).toHaveLength(2);
});

it('what an earlier attempt writes late: not in the list that the run works off', async () => {
  const { runDrifts, survey } = createWorld();
  const earlier = await survey();
  const { listId } = await survey();
  const [drift] = await runDrifts.sample(earlier.listId, 1);
  if (drift === undefined) throw new Error('nothing was listed');
  await runDrifts.add(
    earlier.listId,
    [{ ...drift, instanceId: toInstanceId('uid-bot-3') }],
    passes,
  );
  expect(await runDrifts.sample(listId, 10)).toHaveLength(2);
});
