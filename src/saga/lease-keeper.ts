// Renews the leases of all claims this process holds with one write every third of the lease time.
// Liveness only (I5): a renewal that fails or comes too late costs a second worker's look, never money.

import { rhythmOf } from './lease-rhythm.ts';
import type { Leases } from './ports/leases.ts';
import type { Claim, SagaLog } from './ports/saga-log.ts';

export interface LeaseKeeper extends Leases {
  start(): void;
  stop(): Promise<void>;
}

export function createLeaseKeeper({
  log,
  leaseMs,
  onError,
}: {
  readonly log: Pick<SagaLog, 'renew'>;
  readonly leaseMs: number;
  readonly onError: (error: unknown) => void;
}): LeaseKeeper {
  const held = new Set<Claim>();
  let timer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> = Promise.resolve();
  let isRenewing = false;

  async function renew(): Promise<void> {
    // A renewal that hangs on a database that is away must not pile up behind itself.
    if (held.size === 0 || isRenewing) return;
    isRenewing = true;
    try {
      await log.renew([...held], leaseMs);
    } catch (error) {
      onError(error);
    } finally {
      isRenewing = false;
    }
  }

  return {
    hold: (claim) => void held.add(claim),
    drop: (claim) => void held.delete(claim),
    start: () => {
      timer ??= setInterval(() => {
        renewing = renew();
      }, rhythmOf(leaseMs).renewEveryMs);
    },
    stop: async () => {
      clearInterval(timer);
      timer = undefined;
      await renewing;
    },
  };
}
