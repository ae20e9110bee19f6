// The simulated world as MongoDB holds it: one document per bot, pool and host in one collection, so that
// the calls of many callers are one query. Every process sees the same world, faults included. A bot
// without a document does not exist: nothing is ever invented.

import { randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import type { ObservedDedicated, ObservedLabels, ObservedPooled } from '../../domain/bot.ts';

/** How something in the world goes wrong: always (true) or for the next n operations of the bots' port that meet it. The
 * faults of a bot are met by the operations about it. */
export interface InjectedFault {
  /** The call is not answered: its deadline passes and nothing was done. */
  readonly hang?: true | number;
  /** The connection is refused: nothing was sent. */
  readonly unreachable?: true | number;
  /** Reads are answered with an error. */
  readonly unknown?: true | number;
  /** A stop, a start or a removal is made, but its answer is lost. */
  readonly loseReply?: true | number;
  /** It goes on running when it is stopped. */
  readonly refuseStop?: true | number;
  /** The connection of a start is refused: the host went away after the place was given. */
  readonly unreachableAtStart?: true | number;
  /** What is started in it does not come up; on a pool or a host, because a new bot has no document yet. */
  readonly refuseStart?: true | number;
}

/** What a simulated bot says of itself. */
interface Valued {
  /** Dollars; null: it does not answer. Missing: whatever is stored for it. */
  readonly liveValue?: number | null;
}

interface WithFaults {
  readonly injectFaults?: InjectedFault;
}

interface HostDocument extends WithFaults {
  /** `host:<name>`; only there when the host has faults. */
  readonly _id: string;
  readonly kind: 'host';
}

export interface PoolDocument extends WithFaults {
  /** `pool:<container name>`. */
  readonly _id: string;
  readonly kind: 'pool';
  readonly host: string;
  readonly containerId: string;
  readonly containerName: string;
  /** The owner that its label or name gives it to: a firebaseUid or an `_id`. */
  readonly uid: string | null;
  readonly labels: ObservedLabels;
  readonly running: boolean;
  readonly supervisord: 'up' | 'dead';
  /** Programs of its supervisord whose bot is unknown. */
  readonly strangers?: readonly string[];
}

/** How a bot ends. */
interface Ending {
  /** What it takes to end by itself, once it is stopped; default: no time at all. */
  readonly needsSeconds?: number;
  /** Whether it was killed before it had ended by itself. */
  readonly killed?: boolean;
}

export interface DedicatedDocument extends WithFaults, Ending, Valued, ObservedDedicated {
  /** `dedicated:<instanceId>`. */
  readonly _id: string;
  readonly instanceId: string;
}

export interface PooledDocument extends WithFaults, Ending, Valued {
  /** `pooled:<instanceId>`. */
  readonly _id: string;
  readonly kind: 'pooled';
  readonly instanceId: string;
  /** The pool's container name. */
  readonly pool: string;
  readonly conf: ObservedPooled['conf'];
  readonly program: ObservedPooled['program'];
  /** Where its files say that its API listens; null: nowhere that can be read. */
  readonly port: number | null;
  /** What supervisord calls its programs; default `bot-<instanceId>` alone. */
  readonly names?: readonly string[];
  /** Why it cannot be taken out of supervisord alone. */
  readonly entangled?: string;
  readonly stopSeconds?: number;
}

export type WorldDocument = HostDocument | PoolDocument | DedicatedDocument | PooledDocument;

export const hostKey = (name: string) => `host:${name}`;
export const poolKey = (containerName: string) => `pool:${containerName}`;
export const dedicatedKey = (instanceId: string) => `dedicated:${instanceId}`;
export const pooledKey = (instanceId: string) => `pooled:${instanceId}`;

/** New for each container, as Docker's are: what is made again is another container. */
export function newContainerId(): string {
  return randomBytes(32).toString('hex');
}

export type WorldCollection = ReturnType<typeof worldCollection>;

/** @throws when the connection is not open yet. */
export function worldCollection(db: Db) {
  return db.collection<WorldDocument>('simulatedBots');
}

/** Repeatable. Without the indexes every call would read the whole world. */
export async function prepareWorld(collection: WorldCollection): Promise<void> {
  await collection.createIndexes([
    { key: { uid: 1 }, sparse: true },
    { key: { pool: 1 }, sparse: true },
    { key: { containerId: 1 }, sparse: true },
    { key: { containerName: 1 }, sparse: true },
    { key: { 'labels.userId': 1 }, sparse: true },
    { key: { 'labels.instanceId': 1 }, sparse: true },
  ]);
}

export function namesOf({ names, instanceId }: PooledDocument): readonly string[] {
  return names ?? [`bot-${instanceId}`];
}
