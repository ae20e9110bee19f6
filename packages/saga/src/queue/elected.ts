// Something that one process of an installation does for all of them, again and again. A lease chooses the process; two at
// once do no harm.

import type { LeaderLeases } from '../log/mongodb/mongo-leader-leases.ts';
import { createPeriodic, type Periodic, type PeriodicOptions } from '../run/periodic.ts';

export interface ElectedOptions extends PeriodicOptions {
  /** Of the lease. */
  readonly name: string;
  /** How long the lease is kept without a turn. */
  readonly holdMs: number;
  readonly leaderLeases: Pick<LeaderLeases, 'hold'>;
}

export function createElected(options: ElectedOptions): Periodic {
  const { name, holdMs, leaderLeases, turn, ...periodic } = options;
  return createPeriodic({
    ...periodic,
    turn: async (signal) => {
      if (await leaderLeases.hold(name, holdMs)) await turn(signal);
    },
  });
}
