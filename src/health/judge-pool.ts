// The word for a pool, from its container. A paused container runs nothing; one that restarts again and again, has died or
// is gone has failed. A pool that could not be queried proves nothing (I4).

import type { ContainerObservation } from '../bots/pool-containers.ts';
import { assertNever } from '../domain/assert-never.ts';

export type PoolStatus = 'running' | 'stopped' | 'failed';

export function poolStatusOf(observation: ContainerObservation): PoolStatus | null {
  switch (observation.status) {
    case 'unknown':
      return null;
    case 'running':
      return 'running';
    case 'absent':
      return 'failed';
    case 'not-running':
      return STATUSES[observation.how];
    default:
      return assertNever(observation);
  }
}

const STATUSES = {
  created: 'stopped',
  exited: 'stopped',
  paused: 'stopped',
  restarting: 'failed',
  dead: 'failed',
} as const;

/** Whether the pool state's word for it is one of ours: a newer platform's is left alone. */
export function isKnownStatus(word: string): boolean {
  return word === 'running' || word === 'stopped' || word === 'failed';
}
