// A user, a pool and what lives in it, for one crash: nothing in it is shared with another run but the servers.
// Read as the platform and its users see it: wallet document, ledger, pool state file, bots, tombstones.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Document, Filter } from 'mongodb';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { Wire } from '../../../packages/saga/src/testing/index.ts';
import { poolKey, worldCollection } from '../../../src/bots/simulator/world-documents.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { type FirebaseUid, toFirebaseUid, type UserId } from '../../../src/domain/ids.ts';
import { createFilePoolStates } from '../../../src/pool-state/file/file-pool-states.ts';
import type { PoolState } from '../../../src/pool-state/pool-state.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../simulated-world.ts';
import { byId, putUser, users } from '../users.ts';
import type { CrashServices } from './crash-services.ts';

export interface BotWorld {
  readonly firebaseUid: FirebaseUid;
  readonly userId: UserId;
  readonly simulated: SimulatedWorld;
  /** The ports of one process, with a point around every call that changes something. */
  ports(wire: Wire, process: number): DeletionPorts;
  read(): Promise<Outside>;
  close(): Promise<void>;
}

/** Everything outside the log that a saga of this user can touch. */
export interface Outside {
  /** Without our own book-keeping, which stays when nothing else does. */
  readonly user: Document;
  readonly ledger: readonly Document[];
  /** Those that stand. */
  readonly tombstones: readonly Document[];
  readonly pools: Pick<PoolState, 'pools' | 'botMapping'>;
  readonly bots: readonly Document[];
}

export interface BotWorldOptions {
  readonly balance: number;
  readonly allocations: Readonly<Record<string, unknown>>;
  readonly poolState: PoolState;
  readonly poolContainer: string;
}

export async function createBotWorld(
  services: CrashServices,
  firebaseUid: string,
  { balance, allocations: bots, poolState, poolContainer }: BotWorldOptions,
): Promise<BotWorld> {
  const { db, processes, folder } = services;
  const userId = await putUser(db, { balance, bots, firebaseUid });
  const file = join(folder, `${firebaseUid}.json`);
  await writeFile(file, JSON.stringify(poolState));
  const simulated = createSimulatedWorld(db);
  await simulated.addPool({ containerName: poolContainer });
  const states = processes.map(() => createFilePoolStates({ file, now: () => new Date() }));
  const ofUser = { userId };
  const all = (collection: string, filter: Filter<Document>) =>
    db.collection(collection).find(filter).sort({ _id: 1 }).toArray();
  return {
    firebaseUid: toFirebaseUid(firebaseUid),
    userId,
    simulated,
    ports: (wire, process) => {
      const own = processes[process];
      const poolStates = states[process];
      if (own === undefined || poolStates === undefined) throw new RangeError('no process');
      return portsWithPoints(wire, { ...own.deletionPorts, poolStates });
    },
    read: async () => {
      const [user, ledger, tombstones, found, text] = await Promise.all([
        users(db).findOne(byId(userId)),
        all('ledger', ofUser),
        all('tombstones', { ...ofUser, status: { $ne: 'withdrawn' } }),
        worldCollection(db)
          .find({ _id: { $in: idsOf(firebaseUid) } })
          .sort({ _id: 1 })
          .toArray(),
        readFile(file, 'utf8'),
      ]);
      if (user === null) throw new Error('the user is gone');
      const { ledgerState: _, withdrawn: __, ...rest } = user;
      const { pools, botMapping }: PoolState = JSON.parse(text);
      return { user: rest, ledger, tombstones, pools: { pools, botMapping }, bots: found };
    },
    close: async () => {
      await Promise.all(states.map((one) => one.close()));
      // A synchronisation lists the whole host, as it does Docker's: thousands of worlds must not collect on it.
      const ids = [...idsOf(firebaseUid), poolKey(poolContainer)];
      await worldCollection(db).deleteMany({ _id: { $in: ids } });
    },
  };
}

/** By their ids, which have an index: there are thousands of worlds. */
function idsOf(firebaseUid: string): readonly RegExp[] {
  return ['pooled', 'dedicated'].map((kind) => new RegExp(`^${kind}:${firebaseUid}-`));
}

/** A point around each call that changes something. */
function portsWithPoints(wire: Wire, ports: DeletionPorts): DeletionPorts {
  const { wallets, ledger, tombstones, poolStates, bots, findings } = ports;
  return {
    ...ports,
    wallets: wire('wallets', wallets, [
      ...(['lock', 'unlock', 'raiseLock', 'settle', 'abortSettlement'] as const),
      ...(['reserve', 'withdrawReserve'] as const),
    ]),
    ledger: wire('ledger', ledger, ['post', 'writeOff', 'postReservation']),
    tombstones: wire('tombstones', tombstones, [
      ...(['open', 'recordObservedBots', 'withdraw', 'settle', 'end'] as const),
    ]),
    poolStates: wire('poolStates', poolStates, ['mutate']),
    bots: wire('bots', bots, ['stop', 'restore', 'remove', 'start']),
    findings: wire('findings', findings, ['report']),
  };
}

/** What is not as it must be; empty when all is well. */
export function differences(observed: object, wanted: object): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const found: unknown = Reflect.get(observed, name);
    return isDeepStrictEqual(plain(found), plain(value))
      ? []
      : [`${name} is ${short(found)} instead of ${short(value)}`];
  });
}

/** Of a whole document; what is wrong is mostly said by its name alone. */
const SHOWN = 300;

function short(value: unknown): string {
  return JSON.stringify(value)?.slice(0, SHOWN) ?? 'missing';
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** @param done what is not as a completed saga leaves it. @param undone what is not as before. */
export function expectOneEnd(
  { state }: SagaRecord,
  done: readonly string[],
  undone: readonly string[],
): void {
  const wrong = state.phase === 'completed' ? done : undone;
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}
