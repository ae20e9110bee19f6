// What every user holds in bots, in memory. A stream reads each user when the one before was judged: what happens
// meanwhile is seen of the later ones alone.

import type { Link } from '../../packages/saga/src/testing/index.ts';
import type { Holdings } from '../../src/sync/mongodb/holdings.ts';
import type { Place } from './places.ts';

export function holdingsOver(places: readonly Place[], link: Link): Holdings {
  const send = <T>(what: string, effect: () => T) => link.call('wallet', what, effect);
  const users = () => Map.groupBy(places, ({ names: { userId } }) => userId);
  return {
    stream: async function* ({ signal }) {
      for (const [userId, own] of users()) {
        signal.throwIfAborted();
        const held = await send('holdings', () =>
          own.filter(({ wallet }) => wallet.allocation !== null).map(({ names }) => names),
        );
        const [first] = held;
        if (first === undefined) continue;
        const instanceIds = held.map(({ instanceId }) => instanceId);
        yield [{ userId, firebaseUid: first.firebaseUid, instanceIds }];
      }
    },
    worth: (bots) =>
      send('holdings worth', () =>
        bots.flatMap(({ userId, instanceId }) => {
          const own = places.find(
            ({ names }) => names.userId === userId && names.instanceId === instanceId,
          );
          const valueMinor = own?.wallet.allocation?.valueMinor;
          return valueMinor === undefined ? [] : [{ userId, instanceId, valueMinor }];
        }),
      ),
    usersOf: (asked) =>
      send(
        'users of',
        () =>
          new Map(
            places.flatMap(({ names: { userId, firebaseUid } }) =>
              asked.includes(firebaseUid) ? [[firebaseUid, { userId, firebaseUid }] as const] : [],
            ),
          ),
      ),
  };
}
