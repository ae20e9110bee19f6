// Entries without money and bot, in a run over all users: whose they are is found by every name that the pool state has for a
// user, as everywhere else, or their slots would stay taken until the user asks for a synchronisation (I3).

import { expect, it } from 'vitest';
import { ok } from '../../src/domain/source.ts';
import type { Pool, PoolState } from '../../src/pool-state/pool-state.ts';
import { createDockerView } from '../../src/sync/docker-view.ts';
import { findLeftovers } from '../../src/sync/leftovers.ts';
import { createMongoHoldings } from '../../src/sync/mongodb/holdings.ts';
import { createTestDatabase } from '../support/database.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';
import { putUser } from '../support/users.ts';

const UID = 'uid-a';
const BOT = `${UID}-bot-1`;
const POOL = `${UID}-pool-1`;

function withoutUserId({ userId: _, ...pool }: Pool): Pool {
  return pool as Pool;
}

async function leftoversOf(stateOf: (userId: string) => PoolState) {
  const db = await createTestDatabase();
  const userId = await putUser(db, { balance: 1, bots: {}, firebaseUid: UID });
  const docker = createDockerView(['east']);
  docker.add({ host: 'east', answer: ok([], new Date(0)), unknownPools: [] }, null);
  const sources = { docker, pools: ok(stateOf(userId), new Date(0)) };
  const ports = { holdings: createMongoHoldings({ db }) };
  const { drifts, staleEntries } = await findLeftovers(ports, sources, new Set());
  const stale = { userId, firebaseUid: UID, instanceId: BOT, verdict: 'stale-entry' };
  expect(staleEntries).toBe(1);
  expect(drifts).toEqual([expect.objectContaining(stale)]);
}

it('a mapping that names its user by the firebaseUid: theirs', () =>
  leftoversOf(() => ({
    pools: { [POOL]: samplePool(UID, [BOT]) },
    botMapping: { [BOT]: sampleMapping(UID, BOT, 0) },
  })));

it('a mapping that names its user by the _id: theirs, and by both names', () =>
  leftoversOf((userId) => ({
    pools: { [POOL]: samplePool(UID, [BOT]) },
    botMapping: { [BOT]: { ...sampleMapping(UID, BOT, 0), userId } },
  })));

it('no mapping, and a pool from before pools named a user: the user that the pool is named after', () =>
  leftoversOf(() => ({
    pools: { [POOL]: withoutUserId(samplePool(UID, [BOT])) },
    botMapping: {},
  })));
