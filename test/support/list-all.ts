// What all hosts list, for tests that observe the whole.

import type { Bots, HostListing } from '../../src/bots/bots.ts';

export function listAll(bots: Bots, owner: string | null): Promise<readonly HostListing[]> {
  const { signal } = new AbortController();
  return Promise.all(bots.hosts().map((host) => bots.list(host, owner, { signal })));
}
