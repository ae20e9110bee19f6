// Finishes what a settled tombstone names: the container or program that the saga observed; where it observed none, or
// a host that may hold more had not answered, the one of that exact label or name and owner; and the entry that the
// platform's next write put back into the pool state. That a host does not hold what the saga observed is believed
// where it was observed at rest, else only of a host that is believed (I4). Ids are used again, and a program is named
// by its id alone: where a new incarnation of the id holds an allocation, whatever stands there belongs to it and is
// not touched, but for containers that the saga observed (I5).

import { FencedError, SagaError, TerminalError } from '@reclaim/saga';
import type { FencedCall } from '../bots/bots.ts';
import { aboutBotOf, findEntryOf, locateOwned } from '../bots/locate-owned.ts';
import { isAtRest, type ObservedBot } from '../domain/bot.ts';
import type { InstanceId } from '../domain/ids.ts';
import { settlementOpId } from '../domain/incarnation.ts';
import type { SourceAnswer } from '../domain/source.ts';
import { resurrected } from '../findings/findings.ts';
import { isPlacedSince, takeOutOwn } from '../pool-state/owned-entry.ts';
import type { PoolState } from '../pool-state/pool-state.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';
import type { Tombstone } from '../tombstones/tombstones.ts';
import type { AllocationReading } from '../wallet/wallets.ts';
import { type AbsenceDoubt, createAbsenceDoubt } from './bot-at-rest.ts';
import type { DeletionPorts } from './steps/step-ports.ts';

export type Named = Pick<
  Tombstone,
  | 'incarnation'
  | 'firebaseUid'
  | 'observedBots'
  | 'observedInPart'
  | 'observedAtRest'
  | 'openedAt'
  | 'slot'
>;

type OfOneIncarnation = Pick<Named, 'incarnation' | 'firebaseUid' | 'openedAt' | 'slot'>;

export type FinishCheck =
  | { readonly gone: true; readonly entryReturned: boolean }
  | { readonly gone: false; readonly reason: string; readonly entryReturned: boolean };

type FinishPorts = Pick<
  DeletionPorts,
  'bots' | 'wallets' | 'poolStates' | 'findings' | 'hostExpectations'
>;

/** A settled tombstone has no owner to be fenced: every process that finishes it does the same thing. */
export const NO_RIVAL = async () => undefined;

export async function finishTombstone(
  ports: FinishPorts,
  named: Named,
  call: FencedCall,
): Promise<FinishCheck> {
  const { userId, instanceId, incarnationId } = named.incarnation;
  const about = aboutBotOf({ userId, firebaseUid: named.firebaseUid }, instanceId);
  const [reading, pools] = await Promise.all([
    ports.wallets.readAllocation(userId, instanceId, 'absent'),
    ports.poolStates
      .read({ signal: call.signal, about })
      .then((answer) => forBot(answer, instanceId)),
  ]);
  const holder = holderBy(reading, incarnationId);
  if (holder === 'another-incarnation' || (holder === 'nobody' && isMadeAgain(pools, named))) {
    const left = await removeOwnContainers(ports, named, call);
    return left === null
      ? { gone: true, entryReturned: false }
      : { gone: false, reason: left, entryReturned: false };
  }
  const isResurrected = holder === 'this-incarnation';
  const own = whileItsOwn(ports, named, call);
  // What the saga observed is removed by its id, whatever the file says meanwhile.
  const doubt = doubtOf(ports, named, call);
  const remains = await removeAll(ports, instanceId, named.observedBots ?? [], own, doubt);
  if (reading.status === 'present') {
    const settledBy = reading.allocation.settledOpId ?? settlementOpId(named.incarnation);
    // The incarnation that stands there, which need not be this tombstone's.
    const found = reading.allocation.incarnationId;
    await ports.findings.report(
      resurrected({ userId, instanceId, incarnationId: found, settledBy }),
    );
  }
  const entry = isResurrected ? false : await takeEntryOut(ports, named, pools, own);
  const entryReturned = entry === true;
  const left = remains ?? (await removeUnobserved(ports, named, pools, holder, own));
  if (left !== null) return { gone: false, reason: left, entryReturned };
  if (typeof entry === 'string') return { gone: false, reason: entry, entryReturned };
  // Only now: an unreadable pool state is no reason to wait with the container, but as long as it is
  // not known whether the entry is out, this tombstone owns it (I1).
  if (pools.status === 'unknown' && !isResurrected) {
    return { gone: false, reason: `pool state: ${pools.reason}`, entryReturned };
  }
  return { gone: true, entryReturned };
}

/** Whose allocation stands there. The same incarnation again, or one the wallet knows as settled, is this one, resurrected: a
 * whole document saved from a stale copy takes the wallet's own memory of the settlement with it, and the tombstone
 * still knows the incarnation it settled. */
function holderBy(
  reading: AllocationReading,
  incarnationId: string,
): 'nobody' | 'this-incarnation' | 'another-incarnation' {
  if (reading.status !== 'present') return 'nobody';
  const { settledOpId, incarnationId: found } = reading.allocation;
  return settledOpId !== null || found === incarnationId
    ? 'this-incarnation'
    : 'another-incarnation';
}

/** Whether the platform is making another incarnation of the id, or has failed to: what stands there is not this one's. A
 * state that cannot be read tells nothing. */
export function isMadeAgain(
  pools: SourceAnswer<PoolState>,
  { incarnation, firebaseUid, openedAt, slot }: OfOneIncarnation,
): boolean {
  if (pools.status === 'unknown') return false;
  const { userId, instanceId } = incarnation;
  const since = slot?.placedAt ?? openedAt.toISOString();
  return isPlacedSince(pools.items, instanceId, { userId, firebaseUid }, since);
}

/** The call for as long as no new incarnation of the id holds an allocation or a place: asked right before each
 * change. */
export function whileItsOwn(
  { wallets, poolStates }: Pick<FinishPorts, 'wallets' | 'poolStates'>,
  one: OfOneIncarnation,
  call: FencedCall,
): FencedCall {
  const { userId, instanceId, incarnationId } = one.incarnation;
  const { signal } = call;
  const about = { bots: [instanceId] };
  return {
    ...call,
    fence: async () => {
      const [reading, pools] = await Promise.all([
        wallets.readAllocation(userId, instanceId, 'absent'),
        poolStates.read({ signal, about }),
      ]);
      if (holderBy(reading, incarnationId) === 'another-incarnation') {
        throw new TerminalError(
          NEW_INCARNATION,
          `a new incarnation of ${instanceId} holds an allocation`,
        );
      }
      if (isMadeAgain(pools, one)) {
        throw new TerminalError(
          NEW_INCARNATION,
          `a new incarnation of ${instanceId} has its place in the pool`,
        );
      }
      // Last: the wallet may have taken its time, and nothing may stand between this and what it lets pass (I5).
      await call.fence();
    },
  };
}

export const NEW_INCARNATION = 'NEW_INCARNATION';

/** A container of the bot's own is no other incarnation's, whatever incarnation the id has now: Docker gives its id once. But one that was
 * seen at rest and runs again was started for the new incarnation. A program has no such id.
 * @returns why one of them is left, or null. */
async function removeOwnContainers(
  ports: FinishPorts,
  named: Named,
  call: FencedCall,
): Promise<string | null> {
  const { instanceId } = named.incarnation;
  const own: ObservedBot[] = [];
  for (const observed of named.observedBots ?? []) {
    if (observed.kind !== 'dedicated') continue;
    const observation = await ports.bots.observe(instanceId, observed, call);
    if (observation.status === 'unknown') return observation.reason;
    const isStartedAgain =
      named.observedAtRest && observation.items !== null && !isAtRest(observation.items);
    if (!isStartedAgain) own.push(observed);
  }
  return removeAll(ports, instanceId, own, call, doubtOf(ports, named, call));
}

function doubtOf(ports: FinishPorts, named: Named, call: FencedCall): AbsenceDoubt | undefined {
  const { incarnation, observedAtRest, openedAt } = named;
  if (observedAtRest) return undefined;
  return createAbsenceDoubt(ports, { ...incarnation, observedAt: openedAt }, call);
}

/** Removes what was seen; a removal answers only when it has seen it gone.
 * @param doubtAbsence default: what is not there any more is gone.
 * @returns why something is left, or null. */
export async function removeAll(
  { bots }: Pick<FinishPorts, 'bots'>,
  instanceId: InstanceId,
  observedBots: readonly ObservedBot[],
  call: FencedCall,
  doubtAbsence: AbsenceDoubt = async () => null,
): Promise<string | null> {
  const left: string[] = [];
  for (const observed of observedBots) {
    const failure = await reasonOf(async () => {
      const outcome = await bots.remove(instanceId, observed, call);
      return outcome === 'gone' ? doubtAbsence(observed) : null;
    });
    if (failure !== null) left.push(failure);
  }
  return left[0] ?? null;
}

// A host that is away is a reason to observe again, not one for the job to wait for it (I1), nor for the pool's
// entry to stay.
async function reasonOf(removal: () => Promise<string | null>): Promise<string | null> {
  try {
    return await removal();
  } catch (error) {
    return reasonFor(error);
  }
}

function reasonFor(error: unknown): string {
  if (error instanceof SagaError && !(error instanceof FencedError)) {
    return `${error.code}: ${error.message}`;
  }
  throw error;
}

// Where the saga saw none, or perhaps not all: by label or name and owner. While this one's allocation is back, a
// person decides: nothing is removed, but it is not gone either (I1).
async function removeUnobserved(
  ports: FinishPorts,
  { incarnation, firebaseUid, observedBots, observedInPart }: Named,
  pools: SourceAnswer<PoolState>,
  holder: 'nobody' | 'this-incarnation',
  call: FencedCall,
): Promise<string | null> {
  const sawAll = (observedBots ?? []).length > 0 && !observedInPart;
  if (sawAll) return null;
  const { userId, instanceId } = incarnation;
  const located = await locateOwned(ports, {
    owner: { userId, firebaseUid },
    instanceId,
    holdsAllocation: async () => holder === 'this-incarnation',
    pools: pools.status === 'ok' ? pools.items : null,
    hadMoney: true,
    call,
  });
  if (located.status === 'unknown') return located.reason;
  const { mine, unobserved, unowned, disbelieved } = located.items;
  if (holder === 'nobody') {
    // What was found goes; that nothing else is there takes an answer of every host that is believed, and no
    // dispute about what is there (I4).
    const dispute = unowned.length === 0 ? null : UNOWNED;
    const doubt = unobserved[0] ?? dispute ?? disbelieved[0] ?? null;
    return (await removeAll(ports, instanceId, mine, call)) ?? doubt;
  }
  return mine.length === 0 ? null : 'it is there, and so is its allocation again';
}

/** Without names: the owner of the job reads it, and what stands there may be another user's. */
const UNOWNED = 'something of this id is left alone, because it is not known whose it is';
const NOT_ANY_MORE = async () => false;

// A file that cannot be written, perhaps never, is a reason to try again as well, and none to wait for.
// @returns whether it was there and was taken out; a text: why it was not.
async function takeEntryOut(
  { poolStates, wallets }: FinishPorts,
  { incarnation, firebaseUid }: Named,
  pools: SourceAnswer<PoolState>,
  { fence, signal }: FencedCall,
): Promise<boolean | string> {
  if (pools.status === 'unknown') return false;
  const { userId, instanceId } = incarnation;
  const owner = { userId, firebaseUid };
  const bot = { owner, instanceId, holdsAllocation: NOT_ANY_MORE };
  if ((await findEntryOf(wallets, pools.items, bot)).entry === null) return false;
  const change = (state: PoolState) => takeOutOwn(state, instanceId, owner);
  const about = { bots: [instanceId] };
  try {
    return (await poolStates.mutate({ change, fence, signal, about })).changed;
  } catch (error) {
    // The entry belongs to the new incarnation by now.
    if (error instanceof TerminalError && error.code === NEW_INCARNATION) return false;
    return reasonFor(error);
  }
}
