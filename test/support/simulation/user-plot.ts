// Which bots a user of a simulation has, in which kinds of drift, and which run is begun for them.

import type { Chance } from '../../../packages/saga/src/testing/index.ts';
import type { BotOwner } from '../../../src/pool-state/ownership.ts';
import type { SyncTrigger } from '../../../src/sync/sync-wallet-input.ts';
import type { BotBeginning } from '../../fakes/bot-world.ts';
import type { Names } from '../../fakes/wallet-world.ts';
import { namesOf } from './plot.ts';

const DRIFTS = ['live', 'failed', 'orphan', 'orphan', 'lost', 'stale', 'ghost'] as const;
/** `lost`: by the pool state alone. `stale`: an entry of nothing. `ghost`: a bot without money. `new`: provisioned in the
 * storm. */
export type Drift = (typeof DRIFTS)[number] | 'new';

export interface UserPlot {
  readonly nth: number;
  readonly user: BotOwner;
  readonly trigger: SyncTrigger;
  readonly bots: readonly {
    readonly drift: Drift;
    readonly names: Names;
    readonly bot: BotBeginning;
    readonly hasMoney: boolean;
  }[];
}

export function drawUser(chance: Chance, nth: number): UserPlot {
  const capacity = chance.pick([2, 8, 8]);
  const drifts = DRIFTS.filter(() => chance.hits(0.5));
  const bots = (drifts.length === 0 ? (['orphan'] as const) : drifts).map((drift, index) => ({
    drift,
    names: namesOf(nth, index + 1),
    bot: {
      isRunning: drift === 'live' || drift === 'lost' || drift === 'ghost',
      hasFailed: drift === 'failed',
      isListed: drift === 'orphan' || drift === 'ghost' ? chance.hits(0.5) : drift !== 'lost',
      slotIndex: index,
      capacity,
    },
    hasMoney: drift !== 'stale' && drift !== 'ghost',
  }));
  const { userId, firebaseUid } = namesOf(nth, 1);
  const trigger = chance.pick<SyncTrigger>(['explicit', 'explicit', 'passive', 'confirming']);
  return { nth, user: { userId, firebaseUid }, trigger, bots };
}
