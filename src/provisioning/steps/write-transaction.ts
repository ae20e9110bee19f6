// Step 5: the reservation goes to the append-only ledger, from this saga's log, so that a legacy writer who
// erased the row cannot erase the entry (I11).

import type { Reservation } from '../../wallet/receipts.ts';
import {
  contextOf,
  MONEY_TIMEOUT_MS,
  type ProvisionCall,
  type ProvisioningPorts,
  STEP,
} from '../provisioning-ports.ts';

/** The money has moved: nothing but a disagreement may keep its entry from being written. */
const POST_RETRY = { attempts: 1_000, baseMs: 50, capMs: 5_000 } as const;

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
