// The bots' processes, in Docker or simulated. Every method has its own deadline inside and takes an
// AbortSignal; none of them maps an error to "not there" (I4): what cannot be established is `unknown`
// or an InDoubtError, what cannot be reached is an UnavailableError. Docker cannot fence (I5), so each
// method that changes something calls `fence` right before each call it makes.

import type { BotQuery, ObservedBot, ObservedLabels, ObservedPooled } from '../domain/bot.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import type { JoinedAnswer, SourceAnswer } from '../domain/source.ts';

export interface Bots {
  /** Every container or program that may be this bot, on every host that may hold it, of any
   * owner. `ok([])` is positive evidence of absence: every host that may hold it answered. One that did not
   * makes the answer unknown, and hides nothing that the others have `found`. */
  locate(query: BotQuery, call: BotsCall): Promise<JoinedAnswer<ObservedBot>>;

  /** The same container or program again, by container id: null when it is positively gone (the
   * container, or both the program and its conf file, put aside or not). */
  observe(
    instanceId: string,
    observed: ObservedBot,
    call: BotsCall,
  ): Promise<SourceAnswer<ObservedBot | null>>;

  /** Dedicated: restart policy `no`, then stop. Pooled: conf put aside, program stopped and, when it
   * was active, taken out of supervisord (one that was at rest before stays known to it, so that a
   * restore is exact). A pool container that does not run is not started: its conf is left to the
   * tombstone. Repeating it is harmless. Says nothing of the outcome: `observe` does. `gone`: there was nothing to
   * stop, which is evidence only where its host is believed. */
  stop(instanceId: string, observed: ObservedBot, call: FencedCall): Promise<'stopped' | 'gone'>;

  /** Back to the captured state, no further: a bot that was stopped stays stopped. Accepts a bot that
   * was never touched, and one that is gone (`gone`: nothing can be restored). */
  restore(
    instanceId: string,
    captured: ObservedBot,
    call: FencedCall,
  ): Promise<'restored' | 'gone'>;

  /** Removes the container, or program and conf file (put aside or not), and returns only when it is
   * gone: inspect says 404, or supervisord and the conf folder have said so. The bot's data folder is
   * kept. Removing what is gone is success; `gone`: there was nothing to remove, which is evidence only where its
   * host is believed (I4). */
  remove(instanceId: string, observed: ObservedBot, call: FencedCall): Promise<'removed' | 'gone'>;

  /** Starts a new bot where the order says and returns when it was seen running (a pooled one STARTING at
   * least). Repeatable: what runs already as ordered is seen and left alone, what is half made is made whole.
   * @throws TerminalError for what can never work: no such pool or image, a container of the same name that
   * is not this order's; RetryableError when it did not come up; InDoubtError, UnavailableError. */
  start(order: StartOrder, call: FencedCall): Promise<ObservedBot>;

  /** Where the API of a bot in a pool listens, as its own files say: its config, its program's environment and command.
   * `unknown` when they could not be asked for; what they say that is no port is `unreadable`. */
  readPort(
    instanceId: string,
    observed: ObservedPooled,
    call: BotsCall,
  ): Promise<SourceAnswer<PortReading>>;

  /** The pool containers of exactly these names, each with the host it stands on. */
  findPools(containerNames: readonly string[], call: BotsCall): Promise<FoundPools>;

  /** Every bot that one pool container holds a program or a conf file of. `unknown` where it could not be asked, or holds
   * a program whose bot nobody can tell; and where it is gone, because the platform makes its pools again, with the same
   * bots in them. */
  listPool(
    pool: Pick<PoolContainer, 'host' | 'containerName'>,
    call: BotsCall,
  ): Promise<SourceAnswer<readonly ListedPooled[]>>;

  /** The configured hosts, by their names in DOCKER_HOSTS. */
  hosts(): readonly string[];

  /** Everything on one host that looks like a bot, for one owner or for all: for reads and reconciliation.
   * One host at a time, so that a caller who reads all of them need not hold all listings at once. */
  list(host: string, owner: string | null, call: BotsCall): Promise<HostListing>;

  /** Whether the host holds any container of the platform at all, of any owner: a host that holds none
   * may be a fresh daemon that has lost them (I4). One cheap call, never a whole listing. */
  hasManaged(host: string, call: BotsCall): Promise<SourceAnswer<boolean>>;
}

export interface BotsCall {
  readonly signal: AbortSignal;
  /** A host that did not answer a moment ago is asked again, not taken at its last word: for a call that a user
   * waits for, and for an observation that decides. Default: false. */
  readonly probes?: boolean;
}

export interface FencedCall extends BotsCall {
  /** Throws FencedError when another worker has claimed the saga; asked right before each change. */
  readonly fence: () => Promise<void>;
}

export interface StartOrder {
  readonly instanceId: InstanceId;
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly place: BotPlace;
}

export type BotPlace =
  | {
      readonly kind: 'pooled';
      /** The Docker host, as in DOCKER_HOSTS. */
      readonly host: string;
      readonly poolId: string;
      readonly containerName: string;
      /** Where the bot's own API listens inside the pool. */
      readonly port: number;
    }
  | { readonly kind: 'dedicated'; readonly host: string; readonly image: string };

export type PortReading =
  | { readonly status: 'read'; readonly port: number }
  | {
      readonly status: 'unreadable';
      readonly reason: string;
      /** All that it can be, by what its files say; none, where its config names none. Null: any. */
      readonly ports: readonly number[] | null;
    };

export interface FoundPools {
  readonly pools: readonly PoolContainer[];
  /** Why hosts could not be asked: what was not found may stand on one of them (I4). */
  readonly unknown: readonly string[];
}

export interface PoolContainer {
  readonly host: string;
  readonly containerName: string;
  /** Neither stopped nor paused nor restarting. */
  readonly running: boolean;
}

/** One host's answer. A pool container that could not be asked is in `unknownPools`, not left out. */
export interface HostListing {
  readonly host: string;
  readonly answer: SourceAnswer<readonly ListedBot[]>;
  readonly unknownPools: readonly UnknownPool[];
  /** Containers that may be a bot which is not listed: what a rename has left of its name. */
  readonly doubts?: readonly BotDoubt[];
}

export interface BotDoubt {
  readonly reason: string;
  readonly mayBe: (instanceId: string) => boolean;
}

export interface UnknownPool {
  readonly containerName: string;
  /** Whose pool it is says which bots it may hide; see `ownerOfPool` in the domain. */
  readonly labels: ObservedLabels;
  readonly reason: string;
}

export interface ListedBot {
  readonly instanceId: string;
  readonly observedBot: ObservedBot;
}

export interface ListedPooled {
  readonly instanceId: string;
  readonly observedBot: ObservedPooled;
}
