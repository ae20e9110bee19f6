// What is simulated: which saga, on whose bot, and how its world stands before anything has happened.

import { DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import {
  type DeleteBotInput,
  type StopFailurePolicy,
  writeInput,
} from '../../../src/deletion/delete-bot-input.ts';
import { RECLAIM_ORPHAN, reclaimOrder } from '../../../src/deletion/reclaim-orphan.ts';
import { toFirebaseUid, toInstanceId, toSagaId, toUserId } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/saga/json.ts';
import type { BotBeginning } from './bot.ts';
import type { Chance } from './seeded-chance.ts';

export interface Plot {
  readonly kind: typeof DELETE_BOT | typeof RECLAIM_ORPHAN;
  readonly input: Json;
  readonly policy: StopFailurePolicy;
  readonly bot: BotBeginning;
}

export const USER = toUserId('6500000000000000000000aa');
export const UID = toFirebaseUid('uid-sim');
export const BOT = toInstanceId('uid-sim-bot-1');

const NAMES: Pick<DeleteBotInput, 'userId' | 'firebaseUid' | 'instanceId'> = {
  userId: USER,
  firebaseUid: UID,
  instanceId: BOT,
};
const PARENT = toSagaId('syn-0mvx2cqo0dqqe9xwr1uq2r');

export function drawPlot(chance: Chance): Plot {
  return chance.hits(0.25) ? reclaiming(chance) : deletion(chance);
}

function deletion(chance: Chance): Plot {
  const policy: StopFailurePolicy = chance.pick(['refund', 'restore', 'restore', 'hold']);
  const stopTimeoutMs = chance.pick([500, 5_000, 30_000]);
  const input = writeInput({ ...NAMES, onStopFailure: policy, stopTimeoutMs });
  return { kind: DELETE_BOT, input, policy, bot: { isRunning: true, isListed: true } };
}

/** An orphan runs nowhere; its entry in the pool state may have stayed behind. */
function reclaiming(chance: Chance): Plot {
  const orphan = { ...NAMES, life: LIFE };
  const { input } = reclaimOrder(orphan, { parent: PARENT, requestedBy: 'a sync' });
  const isListed = chance.hits(0.5);
  return { kind: RECLAIM_ORPHAN, input, policy: 'restore', bot: { isRunning: false, isListed } };
}

export const LIFE = '2026-10-02T09:30:00.000Z';
