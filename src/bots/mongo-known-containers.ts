// The containers that were seen to be a bot's, by their ids. A name can be taken from a container, and an entry from the
// file; an id stays. I4: where one of them is not known to be gone, the bot is not said to be. An observation ends when we have
// removed the bot, when the daemon that holds other containers of the same memory says that there is no such one, or
// when an administrator confirms that the host is empty. One document for each bot in each container, `_id` = host,
// container and bot, so that noting one again is nothing.

import {
  createGroupCommit,
  type IndexDeclaration,
  insertNew,
  majorityCollection,
  runRepeatable,
} from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import type { ObservedBot, ObservedLabels } from '../domain/bot.ts';
import { parseUserId } from '../domain/ids.ts';
import { chunksOf } from '../domain/map-bounded.ts';
import { uidOfPoolName } from '../pool-state/ownership.ts';
import type { ListedBot } from './bots.ts';

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

export const KNOWN_CONTAINER_INDEXES: readonly IndexDeclaration[] = [
  { collection: 'knownContainers', name: 'by_bot', key: { instanceId: 1 } },
  { collection: 'knownContainers', name: 'by_host', key: { host: 1, owner: 1 } },
];

interface KnownDocument extends Document {
  readonly _id: string;
  readonly instanceId: string;
  readonly kind: 'dedicated' | 'pooled';
  readonly host: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly labels: ObservedLabels;
  /** A firebaseUid; null where neither label nor name says one. */
  readonly owner: string | null;
  readonly notedAt: Date;
}

/** Documents of one write. */
const BATCH = 1_000;
/** Bots of one question or one write, of all that ask at the same time. */
const TOGETHER = 200;

export type KnownContainers = ReturnType<typeof createMongoKnownContainers>;

export function createMongoKnownContainers({
  db,
  now,
}: {
  readonly db: Db;
  readonly now: () => Date;
}) {
  const collection = () => majorityCollection<KnownDocument>(db, 'knownContainers');

  async function note(bots: readonly ListedBot[]): Promise<void> {
    const documents = bots.map((bot) => toDocument(bot, now()));
    for (const batch of chunksOf(documents, BATCH)) await insertNew(collection(), batch);
  }

  const find = createGroupCommit<string, ObservedBot[]>({
    maxBatch: TOGETHER,
    flush: async (instanceIds) => {
      const filter = { instanceId: { $in: [...new Set(instanceIds)] } };
      const found = await runRepeatable(() => collection().find(filter).toArray());
      const byBot = Map.groupBy(found, ({ instanceId }) => instanceId);
      return instanceIds.map((instanceId) => (byBot.get(instanceId) ?? []).map(toObservedBot));
    },
  });
  const noteTogether = createGroupCommit<readonly ListedBot[], undefined>({
    maxBatch: TOGETHER,
    flush: async (items) => {
      await note(items.flat());
      return items.map(() => undefined);
    },
  });
  const forgetTogether = createGroupCommit<readonly ListedBot[], undefined>({
    maxBatch: TOGETHER,
    flush: async (items) => {
      const keys = items.flat().map(keyOf);
      for (const batch of chunksOf(keys, BATCH)) {
        const filter = { _id: { $in: [...batch] } };
        await runRepeatable(() => collection().deleteMany(filter));
      }
      return items.map(() => undefined);
    },
  });

  return {
    /** Of one bot, on all hosts, of any owner. What they say of its state is of the moment they were noted. */
    find,
    /** Repeatable; one that is known is left as it is. */
    note: async (bots: readonly ListedBot[]): Promise<void> => {
      if (bots.length > 0) await noteTogether(bots);
    },
    /** Notes what a host lists, and tells what it does not list of what is known there.
     * @param owner a firebaseUid whose containers were listed, with those that name no owner; null: all. */
    compare: async ({ host, owner, items }: ListedContainers): Promise<ComparedContainers> => {
      const fresh = new Map(items.map((bot) => [keyOf(bot), bot]));
      const missing: ListedBot[] = [];
      const filter = owner === null ? { host } : { host, owner: { $in: [owner, null] } };
      const listed = fresh.size;
      await runRepeatable(async () => {
        for await (const document of collection().find(filter)) {
          if (fresh.delete(document._id)) continue;
          const { instanceId } = document;
          missing.push({ instanceId, observedBot: toObservedBot(document) });
        }
      });
      await note([...fresh.values()]);
      return { missing, isSameHost: fresh.size < listed };
    },
    /** They are gone. Repeatable. */
    forget: async (bots: readonly ListedBot[]): Promise<void> => {
      if (bots.length > 0) await forgetTogether(bots);
    },
    /** The hosts that any is known on. */
    hosts: (): Promise<readonly string[]> => runRepeatable(() => collection().distinct('host')),
    /** An administrator says that the host is empty. */
    forgetHost: async (host: string): Promise<void> => {
      await runRepeatable(() => collection().deleteMany({ host }));
    },
  };
}

function keyOf({ instanceId, observedBot }: ListedBot): string {
  return `${observedBot.host}/${observedBot.containerId}/${instanceId}`;
}

function toDocument(bot: ListedBot, notedAt: Date): KnownDocument {
  const { kind, host, containerId, containerName, labels } = bot.observedBot;
  const named = labels.userId ?? uidOfPoolName(containerName);
  const owner = parseUserId(named) === undefined ? named : null;
  const container = { kind, host, containerId, containerName, labels, owner, notedAt };
  return { _id: keyOf(bot), instanceId: bot.instanceId, ...container };
}

// Nothing is known of its state any more: it is there until it is seen not to be.
function toObservedBot({
  kind,
  host,
  containerId,
  containerName,
  labels,
}: KnownDocument): ObservedBot {
  const container = { host, containerId, containerName, labels };
  return kind === 'dedicated'
    ? { kind, ...container, running: true, paused: false, restartPolicy: '' }
    : { kind, ...container, poolRunning: true, conf: 'present', program: 'absent', programs: [] };
}
