// What the scenarios of provisioning share: users with pools that run and have room, and what a provision, or
// one that was undone, leaves behind.

import type { Pool, PoolState } from '../../src/pool-state/pool-state.ts';
import {
  type Reply,
  startTestApplication,
  type TestApplication,
  type TestApplicationOptions,
} from './application.ts';
import { allOf, userNamed } from './deletions.ts';
import { putUser } from './users.ts';

export const UID = 'uid-new';
export const poolName = (uid: string, n = 1) => `freqtrade-pool-${uid}-pool-${n}`;

export interface PoolSpec {
  readonly uid?: string;
  readonly n?: number;
  readonly capacity?: number;
}

/** An empty pool in the platform's format. */
export function emptyPool({ uid = UID, n = 1, capacity = 3 }: PoolSpec = {}): Pool {
  const id = `${uid}-pool-${n}`;
  return {
    id,
    userId: uid,
    containerName: poolName(uid, n),
    basePort: 9000 + 100 * (n - 1),
    capacity,
    bots: [],
    status: 'running',
    createdAt: '2026-10-02T09:29:00.000Z',
    poolDir: `pools/${id}`,
    metrics: { cpuPercent: 1.5 },
  };
}

export function poolStateWith(...pools: readonly Pool[]): PoolState {
  return {
    pools: Object.fromEntries(pools.map((pool) => [pool.id, pool])),
    botMapping: {},
    nextPoolId: pools.length + 1,
    updatedAt: '2026-11-01T00:00:00.000Z',
  };
}

export interface SetUp extends TestApplicationOptions {
  readonly balance?: unknown;
  readonly pools?: readonly Pool[];
}

/** A user with money and, unless said otherwise, one empty pool that runs. */
export async function setUpProvisioning(options: SetUp = {}): Promise<TestApplication> {
  const { balance = 1000, pools = [emptyPool()], ...rest } = options;
  const app = await startTestApplication({ poolState: poolStateWith(...pools), ...rest });
  await putUser(app.db, { balance, bots: {}, firebaseUid: UID });
  if (app.services.runtime.kind === 'simulator') {
    for (const { containerName } of pools) await app.world.addPool({ containerName });
  }
  return app;
}

export interface ProvisionCall {
  readonly uid?: string;
  readonly key?: string;
  readonly wait?: number;
  readonly body?: unknown;
}

export const BODY = { botName: 'Alpha', allocatedAmount: 250.5 };

export function provision(app: TestApplication, call: ProvisionCall = {}): Promise<Reply> {
  const { uid = UID, key, wait = 20, body = BODY } = call;
  const headers = {
    ...(wait === 0 ? {} : { prefer: `wait=${wait}` }),
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  };
  return app.call(uid, 'POST', '/provision', headers, body);
}

/** The balance, and the opening one with all ledger entries, in cents: equal when nothing is lost or made. */
export async function conservation(app: TestApplication, uid = UID) {
  const user = await userNamed(app, uid);
  const entries = await allOf(app, 'ledger');
  const opening = String(user.ledgerState?.opening ?? user.paperWallet.balance);
  const minor = entries
    .filter(({ userId }) => userId === String(user._id))
    .reduce((sum, { amountMinor }) => sum + Number(amountMinor), 0);
  return {
    balanceMinor: Math.round(Number(user.paperWallet.balance) * 100),
    expectedMinor: Math.round(Number(opening) * 100) + minor,
  };
}
