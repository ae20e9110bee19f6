// Where a new bot may live: in the user's own pools whose containers are observed running, else, where there is an
// image, in a container of its own. I4: a pool that was not observed is not "no pool" while a host did not answer.

import type { Bots, BotsCall } from '../bots/bots.ts';
import type { FirebaseUid, UserId } from '../domain/ids.ts';
import { ownPools, type RunningPool } from '../pool-state/pool-slots.ts';
import type { Pool, PoolState } from '../pool-state/pool-state.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import type { DedicatedPlace } from './stored-values.ts';

export type Places =
  | {
      readonly status: 'ok';
      readonly state: PoolState;
      readonly pools: readonly RunningPool[];
      readonly dedicated: DedicatedPlace | null;
      /** Why there may be more places than these. */
      readonly unknown: readonly string[];
    }
  | { readonly status: 'unknown'; readonly reason: string };

interface PlaceOrder {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  /** BOT_IMAGE. */
  readonly image: string | null;
}

export async function findPlaces(
  { bots, poolStates }: { readonly bots: Bots; readonly poolStates: PoolStates },
  { userId, firebaseUid, image }: PlaceOrder,
  call: BotsCall,
): Promise<Places> {
  // New ids begin with the user's own: what is known of one is among these.
  const answer = await poolStates.read({ signal: call.signal, about: { users: [firebaseUid] } });
  if (answer.status === 'unknown') return answer;
  const state = answer.items;
  const own = ownPools(state, { userId, firebaseUid });
  const [found, dedicated] = await Promise.all([
    bots.findPools([...new Set(own.map(({ containerName }) => containerName))], call),
    image === null ? null : dedicatedPlace(bots, image, call),
  ]);
  const unknown =
    image !== null && dedicated === null
      ? [...found.unknown, 'no Docker host answers']
      : found.unknown;
  const pools = own.flatMap((pool) => runningOf(pool, found.pools));
  return { status: 'ok', state, pools, dedicated, unknown };
}

function runningOf(
  { id: poolId, containerName }: Pool,
  containers: Awaited<ReturnType<Bots['findPools']>>['pools'],
): RunningPool[] {
  const observed = containers.find((one) => one.containerName === containerName && one.running);
  return observed === undefined ? [] : [{ poolId, containerName, host: observed.host }];
}

/** On the first host that answers. */
async function dedicatedPlace(
  bots: Bots,
  image: string,
  call: BotsCall,
): Promise<DedicatedPlace | null> {
  for (const host of bots.hosts()) {
    const answer = await bots.hasManaged(host, call);
    if (answer.status === 'ok') return { kind: 'dedicated', host, image };
  }
  return null;
}
