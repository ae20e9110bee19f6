// The saga that makes a bot: money, place and process, each of which can be undone; the activation as the point
// of no return (I6); then the ledger.

import { saga } from '@reclaim/saga';
import { botKey } from '../deletion/bot-key.ts';
import type { Reservation } from '../wallet/receipts.ts';
import { raiseLock } from '../wallet/settle-allocation.ts';
import { PROVISION_BOT_INPUT, type ProvisionBotInput } from './provision-bot-input.ts';
import {
  contextOf,
  LATER_CAPTURES,
  type ProvisionCall,
  type ProvisioningPorts,
  STEP,
} from './provisioning-ports.ts';
import { releaseProvision, releasesOfProvision, reservedMinor } from './release-provision.ts';
import { activate } from './steps/activate.ts';
import { assignSlot } from './steps/assign-slot.ts';
import { reserveFunds } from './steps/reserve-funds.ts';
import { startBot } from './steps/start-bot.ts';
import { writeTransaction } from './steps/write-transaction.ts';

export const PROVISION_BOT = 'provision-bot';

export function createProvisionBotSaga(ports: ProvisioningPorts) {
  return saga(PROVISION_BOT, {
    queue: 'deletion',
    idPrefix: 'prov',
    searchBy: ['instanceId', 'requestName'],
    inputSchema: PROVISION_BOT_INPUT,
    key: (input: ProvisionBotInput) => botKey(input),
    fairnessKey: (input) => input.userId,
    laterCaptures: LATER_CAPTURES,
  })
    .compensatable(STEP.reserve, reserveFunds(ports))
    .compensatable(STEP.assign, assignSlot(ports))
    .compensatable(STEP.start, startBot(ports))
    .pivot(STEP.activate, activate(ports))
    .retriable(STEP.post, writeTransaction(ports))
    .holds({
      fenceEffects: (call) => fenceLock(ports, call),
      release: (call) => releaseProvision(ports, call),
      releases: releasesOfProvision,
      atRisk: reservedMinor,
    })
    .returns(({ input, results }) => {
      const { instanceId, botName, allocatedAmount } = input;
      return {
        bot: { instanceId, botName, allocatedAmount },
        wallet: balancesOf(results[STEP.reserve]),
      };
    });
}

// The one lock that a provision sets is that of its way back; raised, it shuts out the worker that held the saga before
// (I5). The reservation needs none: its withdrawal does the same.
async function fenceLock({ wallets }: ProvisioningPorts, call: ProvisionCall): Promise<void> {
  if (call.captures[STEP.reserve] === undefined) return;
  await raiseLock(wallets, contextOf(call).target);
}

function balancesOf(reservation: Reservation | undefined) {
  if (reservation === undefined) return null;
  const { previousBalance, newBalance } = reservation;
  return { previousBalance, newBalance };
}
