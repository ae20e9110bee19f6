// The containers that were seen to be a bot's, by their ids. A name can be taken from a container, and an entry from the
// file; an id stays. I4: where one of them is not known to be gone, the bot is not said to be. An observation ends when we have
// removed the bot, when the daemon that holds other containers of the same memory says that there is no such one, or
// when an administrator confirms that the host is empty.

import type { ObservedBot } from '../domain/bot.ts';
import type { ListedBot } from './bots.ts';

export interface KnownContainers {
  /** Of one bot, on all hosts, of any owner. What they say of its state is of the moment they were noted. */
  find(instanceId: string): Promise<readonly ObservedBot[]>;

  /** Notes what a host lists, and tells what it does not list of what is known there.
   * @param owner a firebaseUid whose containers were listed, with those that name no owner; null: all. */
  compare(listing: ListedContainers): Promise<ComparedContainers>;

  /** Repeatable; one that is known is left as it is. */
  note(bots: readonly ListedBot[]): Promise<void>;

  /** They are gone. Repeatable. */
  forget(bots: readonly ListedBot[]): Promise<void>;

  /** An administrator says that the host is empty. */
  forgetHost(host: string): Promise<void>;
}

export interface ListedContainers {
  readonly host: string;
  readonly owner: string | null;
  readonly items: readonly ListedBot[];
}

export interface ComparedContainers {
  readonly missing: readonly ListedBot[];
  /** Whether the host lists anything that was known there: then it is the daemon that it was. */
  readonly isSameHost: boolean;
}
