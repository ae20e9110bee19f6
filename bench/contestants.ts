// What is compared and counted, each opened on a place of its own: the deletion as it runs in production, and the peers'
// saga of four steps, both beside their bare effects and beside a bare BullMQ job around them.

import { openPeersBullmq, openPeersEngine, openPeersFloor } from './engine-variants.ts';
import type { Place } from './environment.ts';
import { requirePaid, seedContainers, seedUsers } from './herd.ts';
import { VARIANTS, type VariantName } from './variants.ts';

export interface Contestant {
  /** The piece of work with this index, from its order to its end. Each index is done once. */
  work(index: number): Promise<void>;
  /** @throws where not all of the work has its effects. */
  verify(): Promise<void>;
  close(): Promise<void>;
}

/** @param size how many pieces of work there will be. */
export type OpenContestant = (place: Place, size: number) => Promise<Contestant>;

export type ContestantName = VariantName | 'engine' | 'engine-floor' | 'engine-bullmq';

export const CONTESTANTS: Readonly<Record<ContestantName, OpenContestant>> = {
  sagas: deletion('sagas'),
  floor: deletion('floor'),
  bullmq: deletion('bullmq'),
  engine: openPeersEngine,
  'engine-floor': openPeersFloor,
  'engine-bullmq': openPeersBullmq,
};

function deletion(name: VariantName): OpenContestant {
  return async (place, size) => {
    const services = await place.services();
    const bots = await seedUsers(services.db, place.writePoolState, size);
    await seedContainers(services.db, bots);
    const { deleteBot, close } = await VARIANTS[name](services, bots, place.signal);
    return {
      work: async (index) => {
        const bot = bots[index];
        if (bot === undefined) throw new RangeError(`no bot ${index}`);
        await deleteBot(bot);
      },
      verify: () => requirePaid(services.db, size),
      close,
    };
  };
}

export function isContestant(name: string): name is ContestantName {
  return Object.hasOwn(CONTESTANTS, name);
}
