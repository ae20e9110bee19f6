// What is remembered of each Docker host: which bots it was last seen to hold, and whether an administrator has said that
// it really is empty, or, where it cannot be asked any more, that it is gone for good. I4: a daemon that was set up anew
// answers "no containers" as readily as one that never had any; without a memory of its own the two could not be told
// apart. One document per host, `_id` = its name in DOCKER_HOSTS: both in one, so that the later of the two can be told.

import { RetryableError } from '@reclaim/saga';
import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db, Document } from 'mongodb';
import { type Expression, literal } from '../../wallet/mongodb/wallet-expressions.ts';

export interface HostContents {
  /** Any of them; those beyond `MAX_REMEMBERED` are only counted. */
  readonly bots: readonly BotOnHost[];
  /** How many there were; a bot that stands there twice counts twice. */
  readonly count: number;
  /** Whether pools that could not be asked may hold more. */
  readonly isPartial: boolean;
  /** When the host was asked, by the monotonic clock of this process: what was removed since then was removed, and is not
   * made anew by a note that comes late. Default: now. */
  readonly askedAtMs?: number;
}

/** An id is no identity: two users may hold the same one, on one host. */
export interface BotOnHost {
  readonly instanceId: string;
  /** Users' `_id`s or firebaseUids that claim it, in any order; several where they disagree; empty: none was read. */
  readonly owners: readonly string[];
}

export interface EmptyConfirmation {
  /** As in every audit trail: `admin:<firebaseUid>`. */
  readonly by: string;
  readonly reason: string;
}

/** That a host which is not named any more is gone for good, with all that it held. */
export interface GoneDecision extends EmptyConfirmation {
  /** ISO 8601, database time. */
  readonly at: string;
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
}

/** Each bot has its own moment: an id may live, be removed by us, and live again. */
export interface HostObservation extends BotOnHost {
  /** When its host was asked; ISO 8601, database time. */
  readonly observedAt: string;
}

interface HostDocument extends Document {
  readonly _id: string;
}

const MAX_CONFIRMATIONS = 20;

export type HostRecords = ReturnType<typeof createMongoHostRecords>;

export function createMongoHostRecords(db: Db) {
  const collection = () => majorityCollection<HostDocument>(db, 'hostRecords');
  const note = async (host: string, fields: Document) => {
    const update = [{ $set: { ...fields, ...OBSERVED_NOW } }];
    await runRepeatable(() => collection().updateOne({ _id: host }, update, { upsert: true }));
  };
  const decide = async (host: string, fields: Document): Promise<HostDocument> => {
    const options = { upsert: true, returnDocument: 'after' } as const;
    const document = await runRepeatable(() =>
      collection().findOneAndUpdate({ _id: host }, [{ $set: fields }], options),
    );
    if (document === null) throw new RetryableError('HOST_RECORD_LOST', `no record of ${host}`);
    return document;
  };
  return {
    /** Hosts that were never noted are missing from the answer. */
    async find(hosts: readonly string[]): Promise<ReadonlyMap<string, HostRecord>> {
      const documents = await runRepeatable(() =>
        collection()
          .find({ _id: { $in: [...hosts] } }, { projection: { confirmations: 0 } })
          .toArray(),
      );
      return new Map(documents.map((document) => [document._id, parseRecord(document)]));
    },

    /** Notes a listing of all owners: replaces what was remembered before it, and ends a confirmation, because the host
     * is not empty any more. What was observed since is newer than the listing, and stays. A partial one only adds: what
     * it does not show may be there. A listing of nothing is not noted: it is just what must not erase the memory.
     * @param before the host's record as it was found before the host was asked; undefined: there was none. */
    async noteListing(
      host: string,
      contents: HostContents,
      before: HostRecord | undefined,
    ): Promise<void> {
      const bots = eachOnce(contents.bots);
      if (bots.length === 0) return;
      const count = countOf(contents, bots);
      const observed = observedAt(bots, contents.askedAtMs);
      const fields = contents.isPartial
        ? added(bots, observed, count)
        : replacing(bots, observed, count, before);
      await note(host, fields);
    },

    /** Notes bots that were observed on the host while one owner was read; adds to what is remembered, and ends a
     * confirmation. Nothing seen: nothing noted.
     * @param askedAtMs as of a listing. */
    async recordObserved(
      host: string,
      observed: readonly BotOnHost[],
      askedAtMs?: number,
    ): Promise<void> {
      const bots = eachOnce(observed);
      if (bots.length === 0) return;
      await note(host, added(bots, observedAt(bots, askedAtMs), bots.length));
    },

    /** The host has shown a bot: it is no stranger any more. Remembers no bot, and changes nothing of a record that is
     * there. */
    async noteShown(host: string): Promise<void> {
      const observedAt = { $cond: [{ $and: IS_STRANGER }, '$$NOW', AS_IT_IS.observedAt] };
      const fields = { ...AS_IT_IS, observedAt, gone: null };
      const update = [{ $set: fields }];
      await runRepeatable(() => collection().updateOne({ _id: host }, update, { upsert: true }));
    },

    /** An administrator says that the host is empty and its bots are gone: all observations on it end. Who, when
     * and why stays in the record's audit trail, the newest twenty of them. */
    async confirmEmpty(host: string, { by, reason }: EmptyConfirmation): Promise<HostRecord> {
      const confirmation = { at: '$$NOW', by: literal(by), reason: literal(reason) };
      const fields = {
        bots: [],
        count: 0,
        observedAt: AS_IT_IS.observedAt,
        confirmedEmptyAt: '$$NOW',
        confirmedBy: literal(by),
        gone: null,
        confirmations: trailWith(confirmation),
      };
      return parseRecord(await decide(host, fields));
    },

    /** An administrator decides that a host which cannot be asked is gone. No evidence: what was observed there is kept,
     * and is missed again if the host comes back. In the same audit trail, as what it is. */
    async decideGone(host: string, { by, reason }: EmptyConfirmation): Promise<GoneDecision> {
      const decision = { at: '$$NOW', by: literal(by), reason: literal(reason) };
      const confirmations = trailWith({ ...decision, isGone: true });
      const fields = { ...AS_IT_IS, gone: decision, confirmations };
      return parseGone(await decide(host, fields));
    },

    /** The hosts of these, or of all, that are gone by a decision. */
    async findGone(hosts?: readonly string[]): Promise<ReadonlyMap<string, GoneDecision>> {
      const among = hosts === undefined ? {} : { _id: { $in: [...hosts] } };
      const documents = await runRepeatable(() =>
        collection()
          .find({ ...among, gone: { $type: 'object' } }, { projection: { gone: 1 } })
          .toArray(),
      );
      return new Map(documents.map((document) => [document._id, parseGone(document)]));
    },

    /** These hosts are named again: no decision that one of them is gone holds any more. */
    async endGone(hosts: readonly string[]): Promise<void> {
      const filter = { _id: { $in: [...hosts] }, gone: { $type: 'object' } };
      await runRepeatable(() => collection().updateMany(filter, { $set: { gone: null } }));
    },
  };
}

const orNull = (field: string) => ({ $ifNull: [`$${field}`, null] });

/** What a record holds, and an empty one where there is none. */
const AS_IT_IS = {
  bots: { $ifNull: ['$bots', []] },
  count: { $ifNull: ['$count', 0] },
  observedAt: orNull('observedAt'),
  confirmedEmptyAt: orNull('confirmedEmptyAt'),
  confirmedBy: orNull('confirmedBy'),
};

/** Neither seen nor confirmed, also where a decision has made the record. */
const IS_STRANGER = [AS_IT_IS.observedAt, AS_IT_IS.confirmedEmptyAt].map((moment) => ({
  $eq: [moment, null],
}));

function trailWith(confirmation: Document): Expression {
  const earlier = { $ifNull: ['$confirmations', []] };
  return { $slice: [{ $concatArrays: [earlier, [confirmation]] }, -MAX_CONFIRMATIONS] };
}

function parseGone({ gone: { at, by, reason } }: Document): GoneDecision {
  return { at: at.toISOString(), by, reason };
}

const OBSERVED_NOW = {
  observedAt: '$$NOW',
  confirmedEmptyAt: null,
  confirmedBy: null,
  // What it shows counts.
  gone: null,
};

interface StoredBot {
  readonly id: string;
  readonly owners: readonly string[];
}

/** In one order, because MongoDB compares the whole. */
function eachOnce(bots: readonly BotOnHost[]): readonly StoredBot[] {
  const byIdentity = new Map<string, StoredBot>();
  for (const { instanceId: id, owners: names } of bots) {
    const owners = [...new Set(names)].toSorted();
    byIdentity.set(JSON.stringify([id, owners]), { id, owners });
  }
  return [...byIdentity.values()];
}

function observedAt(bots: readonly StoredBot[], askedAtMs: number | undefined): Expression {
  const ago = askedAtMs === undefined ? 0 : Math.ceil(performance.now() - askedAtMs);
  const at = { $subtract: ['$$NOW', ago] };
  const stored = { id: '$$bot.id', owners: '$$bot.owners', at };
  return { $map: { input: literal(bots), as: 'bot', in: stored } };
}

/** A bot that stands twice on a host is one: counted twice, it would never be found gone. */
function countOf({ bots, count }: HostContents, once: readonly StoredBot[]): number {
  return count > bots.length ? count : once.length;
}

// By the observations themselves, and not by their moments: no clock tells which of two was first.
function replacing(
  bots: readonly StoredBot[],
  observed: Expression,
  count: number,
  before: HostRecord | undefined,
): Document {
  const known = (before?.observedBots ?? []).map(({ instanceId: id, owners, observedAt }) => ({
    ...{ id, owners, at: new Date(observedAt) },
  }));
  const isSince = { $not: [{ $in: ['$$bot', literal(known)] }] };
  const since = { $filter: { input: remembered(bots), as: 'bot', cond: isSince } };
  return together(since, observed, [count]);
}

function added(bots: readonly StoredBot[], observed: Expression, count: number): Document {
  return together(remembered(bots), observed, ['$count', count]);
}

/** @param counts how many there are at least. */
function together(
  others: Expression,
  observed: Expression,
  counts: readonly (string | number)[],
): Document {
  const all = { $concatArrays: [others, observed] };
  return {
    // The newest of them, where they are too many.
    bots: { $slice: [all, -MAX_REMEMBERED] },
    count: { $max: [...counts, { $size: all }] },
  };
}

/** What was remembered before, without those that are seen again now. */
function remembered(bots: readonly StoredBot[]): Expression {
  return {
    $filter: {
      input: { $ifNull: ['$bots', []] },
      as: 'bot',
      cond: { $not: [{ $in: [{ id: '$$bot.id', owners: '$$bot.owners' }, literal(bots)] }] },
    },
  };
}

function parseRecord(document: Document): HostRecord {
  const { bots, count, observedAt, confirmedEmptyAt, confirmedBy } = document;
  return {
    observedBots: bots.map(({ id, owners, at }: Document) => ({
      instanceId: id,
      owners,
      observedAt: at.toISOString(),
    })),
    count,
    observedAt: observedAt?.toISOString() ?? null,
    confirmedEmptyAt: confirmedEmptyAt?.toISOString() ?? null,
    confirmedBy,
  };
}
