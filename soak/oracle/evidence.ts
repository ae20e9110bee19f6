// What a run left behind, read straight from the database and the file once nothing moves any more.

import { readFile } from 'node:fs/promises';
import type { Document } from 'mongodb';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { Environment } from '../environment.ts';
import type { Townsman } from '../town.ts';

export interface Evidence {
  /** When it was collected. */
  readonly atMs: number;
  readonly users: readonly UserEvidence[];
  readonly sagas: readonly SagaEvidence[];
  /** Our own entries, by bot. */
  readonly entries: ReadonlyMap<string, readonly Document[]>;
  /** Containers and programs, by bot. */
  readonly containers: ReadonlyMap<string, readonly Document[]>;
  readonly pools: PoolState;
  readonly findings: readonly Document[];
}

export interface UserEvidence {
  readonly who: Townsman;
  readonly user: Document;
  /** Our own entries of this user. */
  readonly entries: readonly Document[];
}

export interface SagaEvidence {
  readonly id: string;
  readonly kind: string;
  readonly key: string;
  readonly phase: string;
  readonly open: boolean;
  readonly epoch: number;
  /** Of a bot's saga. */
  readonly instanceId: string | null;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
  readonly result: Document | null;
}

export async function collectEvidence(
  { db, poolStateFile }: Environment,
  town: readonly Townsman[],
): Promise<Evidence> {
  const all = (name: string, filter: Document = {}) =>
    db.collection(name).find(filter).project({ history: 0, 'state.steps': 0 }).toArray();
  const users = await all('users');
  const ledger = await all('ledger', { source: 'reclaim' });
  const sagas = await all('sagas');
  const world = await all('simulatedBots', { kind: { $in: ['dedicated', 'pooled'] } });
  const byUid = new Map(users.map((user) => [String(user.firebaseUid), user]));
  const byUser = Map.groupBy(ledger, ({ userId }) => String(userId));
  return {
    atMs: Date.now(),
    users: town.map((who) => ({
      who,
      user: byUid.get(who.uid) ?? {},
      entries: byUser.get(who.userId) ?? [],
    })),
    sagas: sagas.map(toSaga),
    entries: Map.groupBy(ledger, ({ botId }) => String(botId)),
    containers: Map.groupBy(world, (one) => containerBot(one)),
    pools: JSON.parse(await readFile(poolStateFile, 'utf8')),
    findings: await all('findings'),
  };
}

function containerBot({ _id, instanceId }: Document): string {
  return String(instanceId ?? String(_id).replace(/^\w+:/, ''));
}

function toSaga({ _id, state, input, createdAt, finishedAt, ...saga }: Document) {
  return {
    id: String(_id),
    kind: String(saga.kind),
    key: String(saga.key),
    phase: String(state.phase),
    open: saga.open === true,
    epoch: Number(saga.epoch),
    instanceId: input?.instanceId === undefined ? null : String(input.instanceId),
    createdAtMs: createdAt.getTime(),
    finishedAtMs: finishedAt?.getTime() ?? null,
    result: saga.result ?? null,
  };
}
