// Step 6: what is left of the bot goes. Best effort: the money is back, and what cannot be removed now is
// the tombstone's, which never ends before "gone" was observed (I1).

import {
  RetryableError,
  TerminalError,
  type Warning,
  type WithWarnings,
  withWarnings,
} from '@reclaim/saga';
import { REMOVAL, type RemoveValue } from '../captures.ts';
import { finishTombstone, NEW_INCARNATION, removeAll, whileItsOwn } from '../finish-tombstone.ts';
import { PLATFORM_TIMEOUT_MS } from '../platform-memory.ts';
import { informPlatform } from './inform-platform.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  hasGivenUpPool,
  hasGivenUpStop,
  observedOf,
  STEP,
} from './step-ports.ts';

/** The tombstone goes on after the saga's end. */
export const NOT_OBSERVED_EVERYWHERE = 'not-seen-everywhere';

const REMOVE_RETRY = { attempts: 2, baseMs: 200, capMs: 500 } as const;
/** The removal's 15 seconds, and what the platform may take after it. */
const REMOVE_TIMEOUT_MS = 15_000 + PLATFORM_TIMEOUT_MS;

export function removeContainer(ports: DeletionPorts) {
  return {
    bestEffort: true as const,
    retry: REMOVE_RETRY,
    timeoutMs: REMOVE_TIMEOUT_MS,
    resultSchema: REMOVAL,
    run: async (call: DeletionCall): Promise<Removed> => {
      if (hasGivenUpStop(call)) {
        throw new TerminalError('LEFT_TO_TOMBSTONE', 'the bot could not be stopped in time');
      }
      const left = await finish(ports, call);
      if (left === 'elsewhere') return withWarnings(undefined, [elsewhere(call)]);
      if (left !== null) throw new RetryableError('NOT_GONE_YET', left.reason);
      await ports.tombstones.end(contextOf(call).tombstone);
      return informPlatform(ports, call);
    },
  };
}

type Removed = RemoveValue | WithWarnings<RemoveValue | undefined> | undefined;

// What the saga has observed it removes by its id; only a bot that it never observed, or a file it could not write,
// needs a whole search. @returns why something is left, or null. `elsewhere`: what it observed is gone, and hosts that
// were away then may hold more, which is the tombstone's to find: the deletion does not wait for them.
async function finish(
  ports: DeletionPorts,
  call: DeletionCall,
): Promise<{ readonly reason: string } | 'elsewhere' | null> {
  const { tombstone, input } = contextOf(call);
  // An orphan was observed to be nowhere right before it was paid, and its entry has been taken out: another
  // observation is due in a minute, as for every tombstone (I5).
  if (input.orphan !== undefined) return null;
  const observed = observedOf(call);
  const { observedBots, observedInPart } = observed;
  const { firebaseUid } = input;
  const slot = call.captures[STEP.pool]?.slot ?? null;
  // What was observed of it was observed at rest: a stop that was given up is left to the tombstone.
  const stop = { observedAtRest: true, openedAt: new Date(call.startedAtMs ?? call.nowMs()) };
  const named = { ...tombstone, firebaseUid, ...observed, ...stop, slot };
  if (observedBots !== null && observedBots.length > 0 && !hasGivenUpPool(call)) {
    const own = whileItsOwn(ports, named, call);
    const reason = await removeAll(ports, input.instanceId, observedBots, own);
    if (reason === null) return observedInPart ? 'elsewhere' : null;
    // Beside a new incarnation the tombstone's own rule says what is left to do.
    if (!reason.startsWith(NEW_INCARNATION)) return { reason };
  }
  const observation = await finishTombstone(ports, named, call);
  return observation.gone ? null : { reason: observation.reason };
}

// I1: what could not be observed is named, and the tombstone owns it.
function elsewhere(call: DeletionCall): Warning {
  const away = capturedBot(call)?.unobserved?.join('; ') ?? 'hosts were away';
  const message = `what was found is removed; whether more of it stands elsewhere is checked later: ${away}`;
  return { code: NOT_OBSERVED_EVERYWHERE, message };
}
