// Whose entry of the pool state carries the id of a new bot. The platform gives ids too, and may give this very one between a
// provision's capture and its lock: an entry is this saga's only by the moment that its capture chose for it, which
// the platform keeps with the entry and gives to none of its own.

import type { InstanceId } from '../domain/ids.ts';
import { type BotMapping, ownValue, type PoolState } from '../pool-state/pool-state.ts';
import { UNREADABLE } from '../pool-state/unreadable-rows.ts';
import type { PlacesCapture } from './stored-values.ts';

export type IdHolder =
  | { readonly status: 'this-saga'; readonly mapping: BotMapping }
  | { readonly status: 'another' }
  | { readonly status: 'nobody' };

export function idHolder(
  state: PoolState,
  instanceId: InstanceId,
  { hadEntry, createdAt }: PlacesCapture,
): IdHolder {
  if (hadEntry) return { status: 'another' };
  const mapping = ownValue(state.botMapping, instanceId);
  if (mapping?.createdAt === createdAt) return { status: 'this-saga', mapping };
  // What this saga writes can be read.
  const isHidden = ownValue(state[UNREADABLE]?.botMapping ?? {}, instanceId) !== undefined;
  return { status: mapping !== undefined || isHidden ? 'another' : 'nobody' };
}
