// The saga that makes a bot: money, place and process, each of which can be undone; the activation as the point
// of no return (I6); then the ledger.

import { FencedError, type Json, type SagaDefinition } from '@reclaim/saga';
import { botKey } from '../deletion/bot-key.ts';
import { readInput } from './provision-bot-input.ts';
import { contextOf, type ProvisioningPorts, STEP } from './provisioning-ports.ts';
import { releaseProvision, reservedMinor } from './release-provision.ts';
import { createActivateStep } from './steps/activate.ts';
import { createAssignSlotStep } from './steps/assign-slot.ts';
import { createReserveFundsStep } from './steps/reserve-funds.ts';
import { createStartBotStep } from './steps/start-bot.ts';
import { createWriteTransactionStep } from './steps/write-transaction.ts';
import { RESERVATION } from './stored-values.ts';

export const PROVISION_BOT = 'provision-bot';

export function createProvisionBotSaga(ports: ProvisioningPorts): SagaDefinition {
  return {
    name: PROVISION_BOT,
    version: 1,
    queue: 'deletion',
    fairnessKey: (input) => readInput(input).userId,
    idPrefix: 'prov',
    searchBy: ['instanceId', 'requestName'],
    key: (input) => botKey(readInput(input)),
    steps: [
      createReserveFundsStep(ports),
      createAssignSlotStep(ports),
      createStartBotStep(ports),
      createActivateStep(ports),
      createWriteTransactionStep(ports),
    ],
    // The one mark a provision sets is that of its way back; raised, it shuts out the worker that held the
    // saga before (I5). The reservation needs none: its withdrawal does the same.
    fenceEffects: async (call) => {
      if (call.captures[STEP.reserve] === undefined) return;
      const raised = await ports.wallets.raiseLock(contextOf(call).target);
      if (raised === 'fenced') throw new FencedError(call.sagaId, call.epoch);
    },
    release: (call) => releaseProvision(ports, call),
    atRisk: reservedMinor,
    result: ({ input, results }): Json => {
      const { instanceId, botName, allocatedAmount } = readInput(input);
      const reservation = RESERVATION.readOrNull(results[STEP.reserve]);
      return {
        bot: { instanceId, botName, allocatedAmount },
        wallet:
          reservation === null
            ? null
            : {
                previousBalance: reservation.previousBalance,
                newBalance: reservation.newBalance,
              },
      };
    },
  };
}
