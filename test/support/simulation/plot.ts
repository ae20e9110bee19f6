// What is simulated: which saga, on whose bot, and how its world stands before anything has happened.

import type { Json } from '../../../packages/saga/src/json.ts';
import { toSagaId } from '../../../packages/saga/src/saga-id.ts';
import type { Chance } from '../../../packages/saga/src/testing/simulation/seeded-chance.ts';
import { DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import { type StopFailurePolicy, writeInput } from '../../../src/deletion/delete-bot-input.ts';
import { RECLAIM_ORPHAN, reclaimOrder } from '../../../src/deletion/reclaim-orphan.ts';
import {
  type FirebaseUid,
  type InstanceId,
  toFirebaseUid,
  toInstanceId,
  toUserId,
  type UserId,
} from '../../../src/domain/ids.ts';
import type { BotBeginning } from './bot.ts';

export interface Plot {
  readonly names: Names;
  readonly kind: typeof DELETE_BOT | typeof RECLAIM_ORPHAN;
  readonly input: Json;
  readonly policy: StopFailurePolicy;
  readonly bot: BotBeginning;
}

export interface Names {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly instanceId: InstanceId;
}

const PARENT = toSagaId('syn-0mvx2cqo0dqqe9xwr1uq2r');

/** @param nth of the sagas of one world: each has its own user and bot. */
export function drawPlot(chance: Chance, nth: number): Plot {
  const uid = `uid-sim-${nth}`;
  const names: Names = {
    userId: toUserId(`6500000000000000000000a${nth}`),
    firebaseUid: toFirebaseUid(uid),
    instanceId: toInstanceId(`${uid}-bot-1`),
  };
  return chance.hits(0.25) ? reclaiming(chance, names) : deletion(chance, names);
}

function deletion(chance: Chance, names: Names): Plot {
  const policy: StopFailurePolicy = chance.pick(['refund', 'restore', 'restore', 'hold']);
  const stopTimeoutMs = chance.pick([500, 5_000, 30_000]);
  const input = writeInput({ ...names, onStopFailure: policy, stopTimeoutMs });
  return { names, kind: DELETE_BOT, input, policy, bot: { isRunning: true, isListed: true } };
}

/** An orphan runs nowhere; its entry in the pool state may have stayed behind. */
function reclaiming(chance: Chance, names: Names): Plot {
  const orphan = { ...names, incarnationId: INCARNATION };
  const { input } = reclaimOrder(orphan, { parent: PARENT, requestedBy: 'a sync' });
  const isListed = chance.hits(0.5);
  const bot = { isRunning: false, isListed };
  return { names, kind: RECLAIM_ORPHAN, input, policy: 'restore', bot };
}

export const INCARNATION = '2026-10-02T09:30:00.000Z';
