// What is remembered of each Docker host: which bots it was last seen to hold, and whether an administrator
// has said that it really is empty. I4: a daemon that was set up anew answers "no containers" as readily as
// one that never had any; without a memory of its own nobody could tell the two apart.

export interface HostRecords {
  /** Hosts that were never noted are missing from the answer. */
  find(hosts: readonly string[]): Promise<ReadonlyMap<string, HostRecord>>;

  /** Notes a listing of all owners that was not empty: replaces what was remembered, and ends a
   * confirmation, because the host is not empty any more. */
  noteListing(host: string, listing: HostContents): Promise<void>;

  /** Notes bots that were seen on the host in a look at one owner; adds to what is remembered. */
  noteSeen(host: string, instanceIds: readonly string[]): Promise<void>;

  /** An administrator says that the host is empty and its bots are gone: all sightings on it end. */
  confirmEmpty(host: string, by: string): Promise<void>;
}

export interface HostContents {
  /** At most `MAX_REMEMBERED`, any of them. */
  readonly instanceIds: readonly string[];
  /** How many there were. */
  readonly count: number;
}

/** Ids kept of one host: enough to see whether all of a small host's bots were removed by us, bounded for a
 * large one, whose emptiness a person confirms. */
export const MAX_REMEMBERED = 1_000;

export interface HostRecord extends HostContents {
  /** ISO 8601, database time; null before the first. */
  readonly seenAt: string | null;
  readonly confirmedEmptyAt: string | null;
  readonly confirmedBy: string | null;
}
