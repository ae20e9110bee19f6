// One user's deletion behind a thousand of another user whose bots hang, and the same with nobody there. Each hanging call
// lasts as long as Docker's deadline lets it.

import { createSimulatedWorld } from '../src/bots/simulator/simulated-world.ts';
import { toInstanceId } from '../src/domain/ids.ts';
import type { Services } from '../src/main/compose/services.ts';
import { startWorkers } from '../src/main/compose/workers.ts';
import type { Ground } from './ground.ts';
import { type HerdBot, seedContainers, seedUsers } from './herd.ts';
import { median } from './statistics.ts';

export interface FairMeasure {
  /** Request to end, median, ms: with nobody there, and behind the other user's. */
  readonly aloneMs: number;
  readonly behindMs: number;
}

const HANGING = 1_000;
/** Other users, one deletion each, one after the other. */
const OTHERS = 5;
const WIDTH = 100;
const END_WITHIN_MS = 180_000;

export async function measureFair(ground: Ground, signal: AbortSignal): Promise<FairMeasure> {
  return {
    aloneMs: await ground.measure(async (place) => othersMs(await place.services(), place, 0)),
    behindMs: await ground.measure(async (place) =>
      othersMs(await place.services(), place, HANGING),
    ),
  };

  async function othersMs(
    services: Services,
    place: { readonly writePoolState: Parameters<typeof seedUsers>[1] },
    hanging: number,
  ): Promise<number> {
    const bots = await seedUsers(services.connection, place.writePoolState, OTHERS + 1);
    await seedContainers(services.connection, bots);
    const [greedy, ...others] = bots;
    if (greedy === undefined) throw new RangeError('no user was seeded');
    const ends = new Map<string, () => void>();
    const workers = startWorkers(services, ['deletion', 'relay'], ({ id }) => ends.get(id)?.());
    try {
      const many = await seedHanging(services, greedy, hanging);
      for (let first = 0; first < many.length; first += WIDTH) {
        await Promise.all(many.slice(first, first + WIDTH).map((bot) => request(services, bot)));
      }
      const took: number[] = [];
      for (const other of others) {
        const begun = performance.now();
        const id = await request(services, other);
        await ended(services, id);
        took.push(performance.now() - begun);
      }
      return median(took);
    } finally {
      await workers.stop();
    }

    // Asked as well: it may have ended before anybody listened.
    async function ended({ sagas }: Services, id: string): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.set(id, resolve);
      const record = await sagas.find(id as never);
      if (record !== null && !record.open) return;
      const late = AbortSignal.any([signal, AbortSignal.timeout(END_WITHIN_MS)]);
      await Promise.race([
        promise,
        new Promise<never>((_, reject) => {
          late.addEventListener('abort', () => reject(late.reason), { once: true });
        }),
      ]);
    }
  }
}

async function request({ deletions }: Services, bot: HerdBot): Promise<string> {
  const { userId, firebaseUid, instanceId } = bot;
  const signal = AbortSignal.timeout(END_WITHIN_MS);
  const asked = await deletions.request({
    ...{ userId, firebaseUid, instanceId, signal },
    requestedBy: firebaseUid,
  });
  if (asked.status !== 'accepted') throw new Error(`${instanceId}: ${asked.status}`);
  return asked.saga.id;
}

/** So many bots more in the one user's wallet, each in a container that answers nothing. */
async function seedHanging(
  { connection }: Services,
  owner: HerdBot,
  count: number,
): Promise<readonly HerdBot[]> {
  const users = connection.collection('users');
  const user = await users.findOne({ firebaseUid: owner.firebaseUid });
  const allocation = user?.botAllocations[owner.instanceId];
  const world = createSimulatedWorld(connection);
  const bots = Array.from({ length: count }, (_, n) => ({
    ...owner,
    instanceId: toInstanceId(`${owner.firebaseUid}-bot-${n + 10}`),
  }));
  for (const { instanceId, firebaseUid } of bots) {
    await world.addDedicated({ instanceId, labels: { instanceId, userId: firebaseUid } });
    await world.misbehave({ instanceId }, { hang: true });
  }
  const added = bots.map(({ instanceId }) => [`botAllocations.${instanceId}`, allocation]);
  if (added.length > 0) {
    await users.updateOne({ firebaseUid: owner.firebaseUid }, { $set: Object.fromEntries(added) });
  }
  return bots;
}
