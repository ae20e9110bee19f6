// Step 4, the pivot: from here on the bot is official and this saga takes nothing back (I6). It is observed running
// once more, its money is observed to be there, and its entry in the pool state says `running`. A bot in a
// container of its own has no entry: for it the pivot is the decision alone, which the log holds.

import { HoldError, type Observed, TerminalError, UnavailableError } from '@reclaim/saga';
import { MONEY_TIMEOUT_MS } from '../../deletion/steps/step-ports.ts';
import { isUp } from '../../domain/bot.ts';
import { activateSlot } from '../../pool-state/pool-slots.ts';
import { type BotMapping, ownValue, type PoolState } from '../../pool-state/pool-state.ts';
import type { PoolScope } from '../../pool-state/pool-states.ts';
import type { Reservation } from '../../wallet/receipts.ts';
import type { ProvisionBotInput } from '../provision-bot-input.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  placeOf,
  START_DEADLINE,
  STEP,
} from '../provisioning-ports.ts';
import { isAt, seeBot } from '../see-bot.ts';
import type { PooledPlace } from '../stored-values.ts';

/** Goes on until the deadline decides, not until a count is used up. */
const PIVOT_RETRY = { attempts: 100_000, baseMs: 50, capMs: 2_000 } as const;

/** By then the reservation's step has left its result. */
type ActivateCall = ProvisionCall & { readonly results: { readonly [STEP.reserve]: Reservation } };

export function activate(ports: ProvisioningPorts) {
  return {
    retry: PIVOT_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    run: async (call: ActivateCall): Promise<void> => {
      await Promise.all([seeRunning(ports, call), seeFunded(ports, call)]);
      const place = placeOf(call);
      if (place?.kind === 'pooled') await activatePooled(ports, call, place);
    },
    observe: async (call: ProvisionCall): Promise<Observed<void>> => {
      if (placeOf(call)?.kind === 'dedicated') return NOTHING_WRITTEN;
      const { signal } = call;
      const answer = await ports.poolStates.read({ signal, about: aboutBot(call) });
      return answer.status === 'unknown'
        ? { outcome: 'unknown', reason: answer.reason }
        : observed(answer.items, call);
    },
    // Read through the lock: what this process had sent before has landed by then or was dropped, and a
    // worker of an older claim is stopped by its fence.
    abort: async (call: ProvisionCall): Promise<Observed<void>> => {
      if (placeOf(call)?.kind === 'dedicated') return NOTHING_WRITTEN;
      const { fence, signal } = call;
      const change = (same: PoolState) => same;
      const about = aboutBot(call);
      const { state } = await ports.poolStates.mutate({ change, fence, signal, about });
      return observed(state, call);
    },
    deadline: START_DEADLINE,
  };
}

function aboutBot(call: ProvisionCall): PoolScope {
  return { bots: [contextOf(call).input.instanceId] };
}

const NOTHING_WRITTEN = { outcome: 'absent' } as const;

function observed(state: PoolState, call: ProvisionCall): Observed<void> {
  const { instanceId } = contextOf(call).input;
  const entry = ownValue(state.botMapping, instanceId);
  const place = placeOf(call);
  const isOwn = place?.kind === 'pooled' && entry?.createdAt === place.createdAt;
  return { outcome: isOwn && entry.status === 'running' ? 'landed' : 'absent' };
}

async function seeRunning(ports: ProvisioningPorts, call: ProvisionCall): Promise<void> {
  const place = placeOf(call);
  if (place === null)
    throw new HoldError('LOG_UNREADABLE', 'the log does not say where the bot is');
  const observedNow = await seeBot(ports, contextOf(call).input, place, call);
  if (observedNow.status === 'unknown')
    throw new UnavailableError('BOT_UNSEEN', observedNow.reason);
  if (observedNow.items.some((one) => isAt(place, one) && isUp(one))) return;
  throw new TerminalError('BOT_DID_NOT_STAY', 'the bot was started and does not run any more');
}

async function seeFunded({ wallets }: ProvisioningPorts, call: ActivateCall): Promise<void> {
  const { userId, instanceId } = contextOf(call).input;
  const { incarnationId } = call.results[STEP.reserve];
  const reading = await wallets.readAllocation(userId, instanceId);
  if (reading.status === 'present' && reading.allocation.incarnationId === incarnationId) return;
  throw new TerminalError('ALLOCATION_VANISHED', 'the money set aside for the bot is gone');
}

async function activatePooled(
  { poolStates }: ProvisioningPorts,
  call: ProvisionCall,
  place: PooledPlace,
): Promise<void> {
  const assigned = mappingOf(contextOf(call).input, place);
  const { fence, signal } = call;
  const change = (state: PoolState) => {
    const activation = activateSlot(state, assigned);
    if (activation.status === 'active') return activation.state;
    throw new TerminalError('SLOT_LOST', activation.reason);
  };
  await poolStates.mutate({
    change,
    fence,
    signal,
    about: { ...aboutBot(call), pools: [place.poolId] },
  });
}

function mappingOf({ instanceId, firebaseUid }: ProvisionBotInput, place: PooledPlace): BotMapping {
  const { poolId, containerName, slotIndex, port, createdAt, host } = place;
  const slot = { poolId, containerName, slotIndex, port };
  const bot = { status: 'pending', instanceId, userId: firebaseUid, createdAt };
  return { ...slot, ...bot, dockerHost: host };
}
