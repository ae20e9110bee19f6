// Finishes what a settled tombstone names: the container or program the saga saw; where it saw none, the one
// of that exact label or name and owner, and that only while NO allocation of this bot exists, because a new
// life of the same id is not what was deleted. An entry that the platform's next write put back into the
// pool state is taken out again under the same condition.

import type { Sighting } from '../domain/bot.ts';
import { settlementOpId } from '../domain/incarnation.ts';
import { findOwnEntry, takeOutOwn } from '../domain/owned-entry.ts';
import type { PoolState } from '../domain/pool-state.ts';
import type { SourceAnswer } from '../domain/source.ts';
import { locateOwned } from './locate-owned.ts';
import type { FencedCall } from './ports/bots.ts';
import type { Tombstone } from './ports/tombstones.ts';
import type { DeletionPorts } from './steps/step-ports.ts';

export type Named = Pick<Tombstone, 'incarnation' | 'firebaseUid' | 'sightings'>;

export type FinishLook =
  | { readonly gone: true; readonly entryReturned: boolean }
  | { readonly gone: false; readonly reason: string; readonly entryReturned: boolean };

type FinishPorts = Pick<DeletionPorts, 'bots' | 'wallets' | 'poolStates' | 'findings'>;

export async function finishTombstone(
  ports: FinishPorts,
  named: Named,
  call: FencedCall,
): Promise<FinishLook> {
  const { userId, instanceId, life } = named.incarnation;
  const reading = await ports.wallets.readAllocation(userId, instanceId);
  const isAllocated = reading.status === 'present';
  // The same life again, or one the wallet knows as settled. A whole document saved from a stale copy takes
  // the wallet's own memory of the settlement with it; the tombstone still knows the life it settled.
  if (
    isAllocated &&
    (reading.allocation.settledOpId !== null || reading.allocation.life === life)
  ) {
    const settledBy = reading.allocation.settledOpId ?? settlementOpId(named.incarnation);
    await ports.findings.report({
      kind: 'resurrected',
      userId,
      instanceId,
      discriminator: life,
      evidence: { settledBy },
    });
  }
  const pools = await ports.poolStates.read(call);
  const entryReturned = !isAllocated && (await takeEntryOut(ports, named, pools, call));
  const found = await findRemains(ports, named, pools, isAllocated, call);
  if (found.status === 'unknown') return { gone: false, reason: found.reason, entryReturned };
  for (const seen of found.items) {
    await ports.bots.remove(instanceId, seen, call);
    const look = await ports.bots.look(instanceId, seen, call);
    if (look.status === 'unknown') return { gone: false, reason: look.reason, entryReturned };
    if (look.items !== null) {
      return { gone: false, reason: `${seen.containerName} still has it`, entryReturned };
    }
  }
  // Only now: an unreadable pool state is no reason to wait with the container, but as long as nobody can
  // tell whether the entry is out, this tombstone owns it (I1).
  if (pools.status === 'unknown' && !isAllocated) {
    return { gone: false, reason: `pool state: ${pools.reason}`, entryReturned };
  }
  return { gone: true, entryReturned };
}

async function findRemains(
  ports: FinishPorts,
  { incarnation, firebaseUid, sightings }: Named,
  pools: SourceAnswer<PoolState>,
  isAllocated: boolean,
  { signal }: FencedCall,
): Promise<SourceAnswer<readonly Sighting[]>> {
  const known = sightings ?? [];
  if (known.length > 0 || isAllocated) {
    return { status: 'ok', items: known, observedAt: new Date(0) };
  }
  const { userId, instanceId } = incarnation;
  const located = await locateOwned(ports, {
    owner: { userId, firebaseUid },
    instanceId,
    holdsAllocation: async () => false,
    pools: pools.status === 'ok' ? pools.items : null,
    signal,
  });
  return located.status === 'unknown' ? located : { ...located, items: located.items.mine };
}

async function takeEntryOut(
  { poolStates }: FinishPorts,
  { incarnation, firebaseUid }: Named,
  pools: SourceAnswer<PoolState>,
  { fence, signal }: FencedCall,
): Promise<boolean> {
  if (pools.status === 'unknown') return false;
  const { userId, instanceId } = incarnation;
  const owner = { userId, firebaseUid };
  if (findOwnEntry(pools.items, instanceId, owner).entry === null) return false;
  const change = (state: PoolState) => takeOutOwn(state, instanceId, owner);
  return (await poolStates.mutate({ change, fence, signal })).changed;
}
