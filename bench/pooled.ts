// One pooled bot deleted on a real Docker, from the request to the end of its job, against `docker exec supervisorctl
// stop` alone: each round on a pool of its own, so that the first deletion of a pool finds nothing that another left
// open in it, and the second one does. The bots stop at once. Where there is no Docker it is left out, and said.

import {
  type BenchPool,
  onDocker,
  poolStateOf,
  runIn,
  startOnDocker,
  userOf,
} from './docker-pools.ts';
import type { Environment } from './environment.ts';
import type { Row } from './report.ts';
import { median } from './statistics.ts';

const WARM_UPS = 2;

/** No rows where there is no Docker. */
export function measurePooled(
  environment: Environment,
  options: { rounds: number; signal: AbortSignal; say: (line: string) => void },
): Promise<readonly Row[]> {
  const pools = Array.from({ length: WARM_UPS + options.rounds }, (_, index) => poolOf(index));
  return onDocker('a pooled deletion on Docker', options, ({ socket, startPool }) =>
    environment.measure(async (place) => {
      await place.writePoolState(poolStateOf(pools.map(({ pool }) => pool)));
      const application = await startOnDocker(place, socket);
      try {
        const users = application.services.db.collection('users');
        const remove = (uid: string, bot: string) =>
          timed(async () => {
            const answer = await application.call(uid, 'DELETE', `/bots/${bot}`);
            const { success, warnings } = answer as { success?: boolean; warnings?: unknown };
            if (success === true && warnings === undefined) return;
            throw new Error(`the deletion ended otherwise: ${JSON.stringify(answer)}`);
          });
        const rounds: { firstMs: number; nextMs: number; floorMs: number }[] = [];
        for (const { pool, first, next, stopped } of pools) {
          const container = await startPool(pool);
          await users.insertOne(userOf(pool));
          const stop = () => runIn(container, ['supervisorctl', 'stop', `bot-${stopped}`]);
          rounds.push({
            floorMs: await timed(stop),
            firstMs: await remove(pool.uid, first),
            nextMs: await remove(pool.uid, next),
          });
          await container.stop({ t: 0 });
        }
        const counted = rounds.slice(WARM_UPS);
        const first = median(counted.map(({ firstMs }) => firstMs));
        const next = median(counted.map(({ nextMs }) => nextMs));
        const floor = median(counted.map(({ floorMs }) => floorMs));
        return [
          ['pooledMs', first, 1, 'DELETE to done, a pooled bot on Docker, ms'],
          ['pooledNextMs', next, 1, 'the next one in the same pool, ms'],
          ['pooledFloorMs', floor, 1, 'docker exec supervisorctl stop alone, ms'],
          ['pooledAddedMs', first - floor, 1, 'what the deletion adds to that stop, ms', '< 150'],
          ['pooledRatioToStop', first / floor, 2, 'the deletion against that stop'],
        ] as const;
      } finally {
        await application.stop();
      }
    }),
  );
}

/** A user with one pool: a bot for the floor, and two to delete. */
function poolOf(index: number) {
  const uid = `uid-pooled-${index + 1}`;
  const [stopped, first, next] = [`${uid}-bot-1`, `${uid}-bot-2`, `${uid}-bot-3`] as const;
  const pool: BenchPool = { uid, bots: [stopped, first, next] };
  return { pool, stopped, first, next };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
