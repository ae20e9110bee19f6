// One user's synchronisation on a real Docker, from the request to its answer, without the delay between the two
// looks: a pool with supervisord and one live bot, once with nothing to repair and once with an orphan to pay back.
// Where there is no Docker it is left out, and said.

import {
  allocation,
  type BenchPool,
  onDocker,
  poolStateOf,
  startOnDocker,
  userOf,
} from './docker-pools.ts';
import type { Environment, Place } from './environment.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';

const UID = 'uid-sync';
const POOL: BenchPool = { uid: UID, bots: [`${UID}-bot-1`] };
const WARM_UPS = 3;

/** No rows where there is no Docker. */
export function measureOneSync(
  environment: Environment,
  options: { rounds: number; signal: AbortSignal; say: (line: string) => void },
): Promise<readonly Row[]> {
  return onDocker('one synchronisation on Docker', options, async ({ socket, startPool }) => {
    await startPool(POOL);
    return environment.measure((place) => measureOn(place, socket, options.rounds));
  });
}

async function measureOn(place: Place, socket: string, rounds: number): Promise<readonly Row[]> {
  await place.writePoolState(poolStateOf([POOL]));
  const application = await startOnDocker(place, socket);
  try {
    const users = application.services.db.collection('users');
    await users.insertOne(userOf(POOL));
    const sync = async (expected: number) => {
      const begun = performance.now();
      const answer = await application.call(UID, 'POST', '/sync-wallet');
      const tookMs = performance.now() - begun;
      const { data } = answer as { data?: { cleanedBots: unknown[] } };
      if (data?.cleanedBots.length !== expected) throw new Error('the run found something else');
      return tookMs;
    };
    const observeMs: number[] = [];
    const repairMs: number[] = [];
    for (let round = 0; round < WARM_UPS + rounds; round += 1) {
      observeMs.push(await sync(0));
      const orphan = { [`botAllocations.${UID}-bot-${round + 2}`]: allocation() };
      await users.updateOne({ firebaseUid: UID }, { $set: orphan });
      repairMs.push(await sync(1));
    }
    const [observed, repaired] = [observeMs, repairMs].map((all) => median(all.slice(WARM_UPS)));
    return [
      ['oneSyncMs', observed, 1, 'one user on Docker, nothing to repair, ms', '< 100'],
      ['oneSyncRepairMs', repaired, 1, 'one user on Docker, an orphan paid back, ms'],
    ];
  } finally {
    await application.stop();
  }
}
