// Renews the leases of all claims this process holds with one write every third of the lease time.
// Liveness only (I5): a renewal that fails or comes too late costs a second worker's claim, never money. One that hangs
// on a connection that died is not waited for: the next one goes out beside it, and the process is informed that the
// keeper is behind.

import { RetryableError } from '../errors.ts';
import type { Claim, SagaLog } from '../log/saga-log.ts';
import { within } from './deadline.ts';
import { rhythmOf } from './lease-rhythm.ts';

/** The claims this process holds, kept alive for as long as their sagas run. A lease that is lost all the same is noticed
 * by the next write. */
export interface Leases {
  hold(claim: Claim): void;
  drop(claim: Claim): void;
}

export interface LeaseKeeper extends Leases {
  start(): void;
  /** Waits for the renewals under way, but for none that hangs. Idempotent. */
  stop(): Promise<void>;
}

/** Renewals that hang; a driver gives up its dead connections long before there are so many. */
const MAX_HANGING = 20;

export function createLeaseKeeper({
  log,
  leaseMs,
  onError,
}: {
  readonly log: Pick<SagaLog, 'renew'>;
  readonly leaseMs: number;
  /** A renewal has failed, or has no answer when the next one is due (`LEASE_RENEWAL_OVERDUE`). */
  readonly onError: (error: unknown) => void;
}): LeaseKeeper {
  const { renewEveryMs } = rhythmOf(leaseMs);
  const held = new Set<Claim>();
  const underWay = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;

  function renew(): void {
    if (underWay.size > 0) onError(overdue(underWay.size, renewEveryMs));
    if (held.size === 0 || underWay.size >= MAX_HANGING) return;
    const renewal = log
      .renew([...held], leaseMs)
      .catch(onError)
      .finally(() => void underWay.delete(renewal));
    underWay.add(renewal);
  }

  return {
    hold: (claim) => void held.add(claim),
    drop: (claim) => void held.delete(claim),
    start: () => {
      timer ??= setInterval(renew, renewEveryMs);
    },
    stop: async () => {
      clearInterval(timer);
      timer = undefined;
      await within(Promise.allSettled(underWay), { ms: renewEveryMs, late: null });
    },
  };
}

function overdue(count: number, afterMs: number) {
  return new RetryableError(
    'LEASE_RENEWAL_OVERDUE',
    `${count} renewals of leases have no answer after ${afterMs} ms; the next goes out beside them`,
  );
}
