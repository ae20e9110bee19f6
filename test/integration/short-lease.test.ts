// The warning of a lease that does not outlast an election of the replica set.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { warnOfShortLease } from '../../src/main/short-lease.ts';
import { createTestDatabase } from '../support/database.ts';
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts';

let replicas: ReplicaSet;

beforeAll(async () => {
  replicas = await startReplicaSet();
}, 90_000);

afterAll(() => replicas?.stop(), 60_000);

it.each([
  [14, 1],
  [15, 0],
])(
  'a lease of %i s on a set that takes ten for an election: warned of %i times',
  async (seconds, times) => {
    const warnings: unknown[] = [];
    const log = { warn: (facts: unknown) => void warnings.push(facts) };
    await warnOfShortLease(await createTestDatabase(replicas.uri), seconds * 1_000, log);
    expect(warnings).toHaveLength(times);
    for (const facts of warnings) {
      expect(facts).toEqual({ leaseSeconds: 14, electionTimeoutMs: 10_000, enoughSeconds: 15 });
    }
  },
);

it('a lease of a second where nobody else can be elected: nothing to warn of', async () => {
  const warnings: unknown[] = [];
  const log = { warn: (facts: unknown) => void warnings.push(facts) };
  await warnOfShortLease(await createTestDatabase(), 1_000, log);
  expect(warnings).toEqual([]);
});
