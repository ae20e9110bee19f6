// What is simulated: which saga, on whose bot, and how its world stands before anything has happened.

import type { Json } from '../../../packages/saga/src/json.ts';
import { toSagaId } from '../../../packages/saga/src/saga-id.ts';
import type { Chance } from '../../../packages/saga/src/testing/simulation/seeded-chance.ts';
import { DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import type { DeleteBotInput, StopFailurePolicy } from '../../../src/deletion/delete-bot-input.ts';
import { RECLAIM_ORPHAN, reclaimOrder } from '../../../src/deletion/reclaim-orphan.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../../src/domain/ids.ts';
import { PROVISION_BOT } from '../../../src/provisioning/provision-bot.ts';
import type { ProvisionBotInput } from '../../../src/provisioning/provision-bot-input.ts';
import type { BotBeginning } from '../../fakes/bot-world.ts';
import { INCARNATION, type Names } from '../../fakes/wallet-world.ts';

export interface Plot {
  readonly names: Names;
  readonly kind: typeof DELETE_BOT | typeof RECLAIM_ORPHAN | typeof PROVISION_BOT;
  readonly input: Json;
  readonly policy: StopFailurePolicy;
  readonly bot: BotBeginning;
}

const PARENT = toSagaId('syn-0mvx2cqo0dqqe9xwr1uq2r');

/** @param nth of the sagas of one world: each has its own user and bot. */
export function drawPlot(chance: Chance, nth: number): Plot {
  const names = namesOf(nth, 1);
  return chance.hits(0.25) ? reclaiming(chance, names) : deletion(chance, names);
}

/** A provision, or what stands in the same pool beside it: most bots are one user's. */
export function drawMixedPlot(chance: Chance, nth: number): Plot {
  const names = chance.hits(0.8) ? namesOf(0, nth + 1) : namesOf(nth + 1, 1);
  const plot = chance.pick([provision, provision, deletion, deletion, reclaiming])(chance, names);
  // Each where no other stands, though most pools have no room for all of them.
  const bot = { ...plot.bot, slotIndex: nth, capacity: chance.pick([2, 3, 5]) };
  return { ...plot, bot };
}

export function namesOf(user: number, bot: number): Names {
  const uid = `uid-sim-${user}`;
  return {
    userId: toUserId(`6500000000000000000000a${user}`),
    firebaseUid: toFirebaseUid(uid),
    instanceId: toInstanceId(`${uid}-bot-${bot}`),
  };
}

const ALONE = { slotIndex: 0, capacity: 3 };

export function provision(chance: Chance, names: Names): Plot {
  const input = {
    ...names,
    botName: 'bot',
    allocatedAmount: 250.5,
    amountMinor: 25_050,
    image: null,
    startTimeoutMs: chance.pick([500, 5_000, 30_000]),
    undoTimeoutMs: chance.pick([5_000, 60_000]),
  } satisfies ProvisionBotInput;
  const bot = { isRunning: false, isListed: false, ...ALONE };
  return { names, kind: PROVISION_BOT, input, policy: 'restore', bot };
}

function deletion(chance: Chance, names: Names): Plot {
  const policy: StopFailurePolicy = chance.pick(['refund', 'restore', 'restore', 'hold']);
  const stopTimeoutMs = chance.pick([500, 5_000, 30_000]);
  const input = { ...names, onStopFailure: policy, stopTimeoutMs } satisfies DeleteBotInput;
  return {
    names,
    kind: DELETE_BOT,
    input,
    policy,
    bot: { isRunning: true, isListed: true, ...ALONE },
  };
}

/** An orphan runs nowhere; its entry in the pool state may have stayed behind. */
function reclaiming(chance: Chance, names: Names): Plot {
  const orphan = { ...names, incarnationId: INCARNATION };
  const { input } = reclaimOrder(orphan, { parent: PARENT, requestedBy: 'a sync' });
  const isListed = chance.hits(0.5);
  const bot = { isRunning: false, isListed, ...ALONE };
  return { names, kind: RECLAIM_ORPHAN, input, policy: 'restore', bot };
}
