// Whether hosts that answered are believed when they show nothing of a bot. I4: a daemon that is the wrong one, was set up
// anew or lost its disk answers exactly like one whose bots were all removed. One rule for every road to money and to an
// end: every search for one bot asks it.

import type { PoolState } from '../pool-state/pool-state.ts';
import type { BotsCall } from './bots.ts';

export interface HostExpectations {
  /** Why a "nothing" of hosts that may hold the bot proves nothing; empty: it does. */
  doubts(bot: SoughtBot, call: BotsCall): Promise<readonly string[]>;
  /** These hosts have shown a bot: they are no strangers any more. */
  noteShown(hosts: readonly string[]): Promise<void>;
}

export interface SoughtBot {
  /** The only host that may hold it, where a mapping of ours says so. */
  readonly dockerHost: string | undefined;
  /** Null: it is unknown. */
  readonly pools: PoolState | null;
  /** Whether this very bot is known to have had money, though no wallet may hold any now. */
  readonly hadMoney: boolean;
  /** The moment at which a host held it for certain: it is missed there, whatever the pool state says. */
  readonly observedAt?: { readonly instanceId: string; readonly at: Date };
}
