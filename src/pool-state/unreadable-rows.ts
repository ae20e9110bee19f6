// Rows of the pool state that cannot be read. Each hides its own bot, or the bots of its pool, and no others: of those the
// state proves nothing (I4). They stay in the state as they stand, so that a write puts them back untouched.

import { type SourceAnswer, unknown } from '../domain/source.ts';
import { uidOfPoolId } from './ownership.ts';
import { listedBots, ownValue, type PoolState } from './pool-state.ts';

/** Under a symbol: no field of the platform's can be meant, and nothing that stores the state stores it. */
export const UNREADABLE = Symbol('rows that cannot be read');

export interface UnreadableRows {
  readonly pools: Rows;
  readonly botMapping: Rows;
}

type Rows = Readonly<Record<string, UnreadableRow>>;

export interface UnreadableRow {
  /** As it stands. */
  readonly value: unknown;
  /** Which field is not as it should be. */
  readonly reason: string;
  /** Where it stands among all rows, readable or not. */
  readonly position: number;
}

/** What the state holds of this bot: unknown where a row that cannot be read may be about it. */
export function forBot(
  answer: SourceAnswer<PoolState>,
  instanceId: string,
): SourceAnswer<PoolState> {
  const reason = answer.status === 'ok' ? hiddenBy(answer.items, instanceId) : null;
  return reason === null ? answer : unknown(reason);
}

/** Why the state proves nothing about this bot; null where it does. */
export function hiddenBy(state: PoolState, instanceId: string): string | null {
  const rows = state[UNREADABLE];
  if (rows === undefined) return null;
  const own = ownValue(rows.botMapping, instanceId);
  if (own !== undefined) return own.reason;
  const pool = Object.entries(rows.pools).find(([key, { value }]) =>
    mayList(state, key, value, instanceId),
  );
  return pool?.[1].reason ?? null;
}

/** A field of a row that cannot be read as a whole. */
export function fieldOf({ value }: UnreadableRow, field: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, field)
    ? Reflect.get(value, field)
    : undefined;
}

// A list that can be read decides. One that cannot may hold every bot without another slot: of the user after whom the
// pool is named, or of any user.
function mayList(state: PoolState, key: string, value: unknown, instanceId: string): boolean {
  const list = listOf(value);
  if (list !== null) return list.includes(instanceId);
  if (listedBots(state).includes(instanceId)) return false;
  const uid = uidOfPoolId(key);
  return uid === null || instanceId.startsWith(`${uid}-bot-`);
}

function listOf(value: unknown): readonly string[] | null {
  const bots: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'bots') : [];
  return Array.isArray(bots) && bots.every((bot) => typeof bot === 'string') ? bots : null;
}
