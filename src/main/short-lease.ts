// LEASE_SECONDS against the replica set's election timeout, reported at the start. Safety does not rest on it: every
// effect that cannot be taken back waits for a proof that only a majority gives (I5). But a lease that runs out while
// the set elects a primary hands every saga in flight to a second worker at each failover, and the first one's calls to
// Docker, which cannot be fenced, may still be under way then.

import { leaseToOutlast } from '@reclaim/saga';
import { readElectionTimeoutMs } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import type { Logger } from 'pino';

export async function warnOfShortLease(
  db: Db,
  leaseMs: number,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const electionTimeoutMs = await readElectionTimeoutMs(db);
  if (electionTimeoutMs === null) return;
  const enoughMs = leaseToOutlast(electionTimeoutMs);
  if (leaseMs >= enoughMs) return;
  log.warn(
    {
      leaseSeconds: leaseMs / SECOND_MS,
      electionTimeoutMs,
      enoughSeconds: Math.ceil(enoughMs / SECOND_MS),
    },
    'LEASE_SECONDS is shorter than an election: at each failover sagas in flight are taken over from workers that are alive',
  );
}

const SECOND_MS = 1_000;
