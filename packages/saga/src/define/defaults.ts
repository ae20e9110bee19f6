// What a step does when its definition sets nothing else. Outages count against none of these budgets: a service that
// is known to be away is waited for (UnavailableError).

import type { RetryPolicy } from '../definition.ts';

/** Before the point of no return. Giving up costs an undo, and the caller of a request waits for the answer: some ten
 * seconds of trying, enough for a restarted connection or a moment of overload. */
export const RETRY: RetryPolicy = { attempts: 5, baseMs: 200, capMs: 5_000 };

/** At and after the point of no return, and in compensations. Giving up costs a person: about ten minutes of trying,
 * enough for a deployment or a failover of the service that is called. */
export const PATIENT_RETRY: RetryPolicy = { attempts: 50, baseMs: 200, capMs: 30_000 };

/** Longest attempt. Shorter than the lease of a worker (30 s), so that an attempt that hangs is in doubt, and observed,
 * before another worker could have any reason to claim the saga. */
export const TIMEOUT_MS = 10_000;
