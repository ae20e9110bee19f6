// After the end of a deletion the platform's orchestrator is informed, where one is configured. It is asked with an
// administrator's token, which its DELETE obeys for every bot of this id, whatever its owner. So it is asked only for a
// bot that was observed as this user's, beside none of another user's, and that no wallet holds any more, neither
// another user's nor for a new incarnation, and that the platform has given no place anew: it writes the money of a new
// incarnation last. It is asked once, right after the bot was observed gone: an answer that is owed is not asked for
// again (I5).

import { withWarnings } from '@reclaim/saga';
import { aboutBotOf } from '../../bots/locate-owned.ts';
import type { RemoveValue } from '../captures.ts';
import { isMadeAgain } from '../finish-tombstone.ts';
import type { PlatformOutcome } from '../platform-memory.ts';
import { capturedBot, type DeletionCall, type DeletionPorts, STEP } from './step-ports.ts';

export async function informPlatform(ports: DeletionPorts, call: DeletionCall) {
  const { platform } = ports;
  const { instanceId, orphan } = call.input;
  // An orphan was observed to be nowhere, its owner's entry included.
  if (platform === null || orphan !== undefined) return;
  const outcome: PlatformOutcome = (await isOwnAlone(ports, call))
    ? await platform.forgetBot(instanceId, call)
    : 'withheld';
  const value: RemoveValue = { platform: outcome };
  if (KNOWS.has(outcome)) return value;
  const message = `the platform may still list the bot: ${outcome}`;
  return withWarnings(value, [{ code: 'platform-not-informed', message }]);
}

const KNOWS: ReadonlySet<PlatformOutcome> = new Set(['informed', 'unknown-there']);

async function isOwnAlone(ports: DeletionPorts, call: DeletionCall): Promise<boolean> {
  const { wallets, poolStates } = ports;
  const { userId, firebaseUid, instanceId } = call.input;
  const observed = capturedBot(call);
  const pool = call.captures[STEP.pool];
  if (observed === null || observed.observedBots.length === 0 || observed.foreign.length > 0)
    return false;
  if (pool === undefined || pool.hasForeign) return false;
  const about = aboutBotOf({ userId, firebaseUid }, instanceId);
  const [own, others, pools] = await Promise.all([
    wallets.readAllocation(userId, instanceId, 'absent'),
    wallets.otherHolders(userId, instanceId),
    poolStates.read({ signal: call.signal, about }),
  ]);
  if (own.status === 'present' || others.length > 0) return false;
  const openedAt = new Date(call.startedAtMs ?? call.nowMs());
  const incarnation = { userId, instanceId, incarnationId: '' };
  return !isMadeAgain(pools, { incarnation, firebaseUid, openedAt, slot: pool.slot });
}
