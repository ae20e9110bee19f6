// What a scope names of a pool state, and nothing else: a step that reads outside of its scope finds nothing there, as where
// the state is in MongoDB (src/pool-state/pool-states.ts says what a scope holds).

import { botPrefix } from '../../src/pool-state/numbered-bots.ts';
import { poolNamePrefix } from '../../src/pool-state/ownership.ts';
import type { Pool, PoolState } from '../../src/pool-state/pool-state.ts';
import type { PoolScope } from '../../src/pool-state/pool-states.ts';

export function partOf(state: PoolState, scope: PoolScope | undefined): PoolState {
  if (scope === undefined) return state;
  const { bots = [], users = [], pools = [], containers = [] } = scope;
  const isNamed = (bot: string) =>
    bots.includes(bot) || users.some((uid) => bot.startsWith(botPrefix(uid)));
  const isWhole = (key: string, { userId, containerName }: Pool) =>
    pools.includes(key) ||
    users.some((uid) => uid === userId || containerName.startsWith(poolNamePrefix(uid)));
  const entries = Object.entries(state.pools);
  const whole = new Set(entries.filter(([key, pool]) => isWhole(key, pool)).map(([key]) => key));
  const isWanted = ([key, pool]: [string, Pool]) =>
    whole.has(key) || pool.bots.some(isNamed) || containers.includes(pool.containerName);
  const mappings = Object.entries(state.botMapping).filter(
    ([bot, { poolId }]) => isNamed(bot) || whole.has(poolId),
  );
  const mappedTo = new Set(mappings.map(([, { poolId }]) => poolId));
  return {
    ...state,
    pools: Object.fromEntries(entries.filter((one) => isWanted(one) || mappedTo.has(one[0]))),
    botMapping: Object.fromEntries(mappings),
  };
}

/** The whole state with what a change has made of a part of it. */
export function withPart(whole: PoolState, part: PoolState, after: PoolState): PoolState {
  return {
    ...after,
    pools: withRows(whole.pools, part.pools, after.pools),
    botMapping: withRows(whole.botMapping, part.botMapping, after.botMapping),
  };
}

type Rows<T> = Readonly<Record<string, T>>;

function withRows<T>(whole: Rows<T>, part: Rows<T>, after: Rows<T>): Rows<T> {
  const kept = Object.entries(whole).filter(
    ([key]) => !Object.hasOwn(part, key) || Object.hasOwn(after, key),
  );
  return Object.fromEntries([...kept, ...Object.entries(after)]);
}
