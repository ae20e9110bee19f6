// What is remembered of each Docker host: which bots it was last seen to hold, and whether an administrator
// has said that it really is empty. I4: a daemon that was set up anew answers "no containers" as readily as
// one that never had any; without a memory of its own the two could not be told apart.

export interface HostRecords {
  /** Hosts that were never noted are missing from the answer. */
  find(hosts: readonly string[]): Promise<ReadonlyMap<string, HostRecord>>;

  /** Notes a listing of all owners: replaces what was remembered, and ends a confirmation, because the host
   * is not empty any more. A partial one only adds: what it does not show may be there. A listing of
   * nothing is not noted: it is just what must not erase the memory. */
  noteListing(host: string, listing: HostContents): Promise<void>;

  /** Notes bots that were observed on the host while one owner was read; adds to what is remembered, and ends a
   * confirmation. Nothing seen: nothing noted. */
  recordObserved(host: string, instanceIds: readonly string[]): Promise<void>;

  /** The host has shown a bot: it is no stranger any more. Remembers no bot, and changes nothing of a record that is
   * there. */
  noteShown(host: string): Promise<void>;

  /** An administrator says that the host is empty and its bots are gone: all observations on it end. Who, when
   * and why stays in the record's audit trail, the newest twenty of them. */
  confirmEmpty(host: string, confirmation: EmptyConfirmation): Promise<HostRecord>;
}

export interface HostContents {
  /** Any of them; those beyond `MAX_REMEMBERED` are only counted. */
  readonly instanceIds: readonly string[];
  /** How many there were. */
  readonly count: number;
  /** Whether pools that could not be asked may hold more. */
  readonly isPartial: boolean;
}

export interface EmptyConfirmation {
  /** As in every audit trail: `admin:<firebaseUid>`. */
  readonly by: string;
  readonly reason: string;
}

/** Ids kept of one host: enough to see whether all of a small host's bots were removed by us, bounded for a
 * large one, whose emptiness a person confirms. */
export const MAX_REMEMBERED = 1_000;

export interface HostRecord {
  readonly observedBots: readonly HostObservation[];
  /** How many bots there were; more than the observations where they were not all remembered. */
  readonly count: number;
  /** ISO 8601, database time; null before the first. */
  readonly observedAt: string | null;
  /** Null as well once bots were seen after it. */
  readonly confirmedEmptyAt: string | null;
  readonly confirmedBy: string | null;
  readonly confirmedReason: string | null;
}

/** Each bot has its own moment: an id may live, be removed by us, and live again. */
export interface HostObservation {
  readonly instanceId: string;
  /** ISO 8601, database time. */
  readonly observedAt: string;
}
