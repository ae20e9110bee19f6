// One user's deletion behind a thousand of another user whose bots hang, and the same with nobody there. Each hanging call
// lasts as long as Docker's deadline lets it.

import type { Services } from '../src/main/compose/services.ts';
import { createSimulatedWorld } from '../test/support/simulated-world.ts';
import { drive } from './drive.ts';
import type { Environment, Place } from './environment.ts';
import { acceptDeletion, addBots, type HerdBot, seedContainers, seedUsers } from './herd.ts';
import { quotient, type Row } from './report.ts';
import { median } from './statistics.ts';
import { VARIANTS } from './variants.ts';

const HANGING = 1_000;
/** Other users, one deletion each, one after the other. */
const OTHERS = 5;
const WIDTH = 100;

export async function measureFair(
  environment: Environment,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const aloneMs = await environment.measure((place) => othersMs(place, 0));
  const behindMs = await environment.measure((place) => othersMs(place, HANGING));
  const what = `a deletion behind another user's ${HANGING} that hang, against alone`;
  return [
    ['fairRatioToAlone', quotient(behindMs, aloneMs), 2, what, '<= 2'],
    ['fairAloneMs', aloneMs, 0, 'the same alone, median, ms'],
  ];

  async function othersMs(place: Place, hanging: number): Promise<number> {
    const services = await place.services();
    const bots = await seedUsers(services.db, place.writePoolState, OTHERS + 1);
    await seedContainers(services.db, bots);
    const [greedy, ...others] = bots;
    if (greedy === undefined) throw new RangeError('no user was seeded');
    const { deleteBot, close } = await VARIANTS.sagas(services, bots, signal);
    try {
      const many = await seedHanging(services, greedy, hanging);
      await drive(many, WIDTH, (bot) => acceptDeletion(services, bot), signal);
      const took: number[] = [];
      for (const other of others) {
        const begun = performance.now();
        await deleteBot(other);
        took.push(performance.now() - begun);
      }
      return median(took);
    } finally {
      await close();
    }
  }
}

/** So many bots more in the one user's wallet, each in a container that answers nothing. */
async function seedHanging(
  { db }: Services,
  owner: HerdBot,
  count: number,
): Promise<readonly HerdBot[]> {
  const bots = await addBots(db, owner, count);
  const world = createSimulatedWorld(db);
  for (const { instanceId, firebaseUid } of bots) {
    await world.addDedicated({ instanceId, labels: { instanceId, userId: firebaseUid } });
    await world.injectFaults({ instanceId }, { hang: true });
  }
  return bots;
}
