// Step 5: the reservation goes to the append-only ledger, from this saga's log, so that a legacy writer who
// erased the row cannot erase the entry (I11).

import { MONEY_TIMEOUT_MS, POST_RETRY } from '../../deletion/steps/step-ports.ts';
import type { Reservation } from '../../wallet/receipts.ts';
import {
  contextOf,
  type ProvisionCall,
  type ProvisioningPorts,
  STEP,
} from '../provisioning-ports.ts';

type PostCall = ProvisionCall & { readonly results: { readonly [STEP.reserve]: Reservation } };

export function writeTransaction({ ledger }: ProvisioningPorts) {
  return {
    retry: POST_RETRY,
    timeoutMs: MONEY_TIMEOUT_MS,
    run: async (call: PostCall): Promise<void> => {
      const reservation = call.results[STEP.reserve];
      const { input, target } = contextOf(call);
      const { firebaseUid } = input;
      await ledger.postReservation({ reservation, firebaseUid, sagaId: target.sagaId });
    },
  };
}
