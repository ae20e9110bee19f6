// A process of its own that surveys all users once, so that its memory is the survey's and nobody else's. Prints
// what it found and what it cost as one line of JSON.

import { connectMongo } from '../src/infra/mongodb/connect.ts';
import { createFilePoolStates } from '../src/pool-state/file/file-pool-states.ts';
import { createMongoHoldings } from '../src/sync/mongodb/holdings.ts';
import { createMongoRunDrifts } from '../src/sync/mongodb/run-drifts.ts';
import { surveyAll } from '../src/sync/survey.ts';
import { crowdBots } from './crowd.ts';

const { MONGODB_URI = '', POOL_STATE_FILE = '', USERS = '0' } = process.env;
const db = await connectMongo(MONGODB_URI);
const poolStates = createFilePoolStates({
  file: POOL_STATE_FILE,
  now: () => new Date(),
  log: { warn: () => undefined, error: () => undefined },
});
let peakBytes = 0;
const sampler = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 20);
try {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const totals = await surveyAll(
    {
      bots: crowdBots(Number(USERS)),
      poolStates,
      hostTrust: { judge: async () => 'trusted', findGone: async () => new Set() },
      holdings: createMongoHoldings({ db }),
      runDrifts: createMongoRunDrifts(db),
      hostRecords: { find: async () => new Map(), noteListing: async () => undefined },
      sagas: { findHolders: async () => new Map() },
    },
    {
      listId: 'all-0000000000000000',
      beganAtMs: Date.now(),
      keepOrphans: Number.POSITIVE_INFINITY,
      isNoted: true,
    },
    { signal: new AbortController().signal, fence: async () => undefined },
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakMb = Math.max(peakBytes, process.memoryUsage.rss()) / 2 ** 20;
  console.log(JSON.stringify({ ...totals, seconds, cpuSeconds: (user + system) / 1e6, peakMb }));
} finally {
  clearInterval(sampler);
  await poolStates.close();
  await db.client.close();
}
