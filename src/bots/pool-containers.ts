// The containers that the pool state names, as health observes them, and what it may do in them. I4: a container that
// was not found is `absent` only where every host answered; what could not be asked is unknown and never failed.

import type { ObservedPooled, ProgramState } from '../domain/bot.ts';
import type { BotsCall, FencedCall } from './bots.ts';

export interface PoolContainers {
  /** Looks at each container once: its status, and for a pool that runs the programs of its supervisord. Every name asked
   * for is in the answer. Each call has a deadline of its own; few are under way at once. */
  observeAll(
    query: ContainersQuery,
    call: BotsCall,
  ): Promise<ReadonlyMap<string, ContainerObservation>>;

  /** Starts the program of this bot if supervisord knows it at rest after a failure (EXITED, FATAL) and its conf file
   * stands; anything else is left as it is. Returns without waiting until the program is up: what comes of it is seen by the
   * next observation. No call of it is under way any more `RESTART_CALL_MS` after the last fence that let one pass.
   * @throws UnavailableError, InDoubtError: it may have been started. */
  restart(instanceId: string, observed: ObservedPooled, call: FencedCall): Promise<RestartOutcome>;
}

/** Longest time from a fence that let a restart's call pass to the end of that call, in ms. */
export const RESTART_CALL_MS = 5_000;

export interface ContainersQuery {
  readonly pools: readonly PoolToObserve[];
  /** Exact container names. */
  readonly dedicated: readonly string[];
}

export interface PoolToObserve {
  /** Exact. */
  readonly containerName: string;
  /** The bots expected in it: one that supervisord does not know by its plain name is searched under others. */
  readonly bots: readonly string[];
}

export type ContainerObservation =
  | {
      readonly status: 'running';
      readonly host: string;
      readonly containerId: string;
      /** By instanceId; empty for a container that is no pool's. */
      readonly programs: ReadonlyMap<string, ProgramState>;
      /** Why a bot that is not among them may run there all the same; null: it does not. */
      readonly doubt: string | null;
    }
  | {
      readonly status: 'not-running';
      readonly host: string;
      readonly containerId: string;
      readonly how: 'created' | 'exited' | 'paused' | 'restarting' | 'dead';
    }
  /** Every host answered, and none has it. */
  | { readonly status: 'absent' }
  | { readonly status: 'unknown'; readonly reason: string };

export type RestartOutcome =
  | 'started'
  /** It runs, is on its way, or was stopped by hand. */
  | 'not-needed'
  /** supervisord does not know it, or its conf file does not stand: a deletion's business. */
  | 'gone'
  /** It ended again at once. */
  | 'failed';
