// Who has which bots and which jobs have come to rest, read past the wires a few times a second: what the load goes
// by. It may be old by a moment, as everything is that a user sees.

import { pause } from '@reclaim/saga';
import type { Db, Document, ObjectId } from 'mongodb';

export interface Census {
  /** Allocations without a mark. */
  botsOf(uid: string): readonly string[];
  allBots(): readonly { readonly uid: string; readonly instanceId: string }[];
  watch(jobId: string): void;
  /** Jobs that are watched and not at rest yet. */
  isOpen(jobId: string): boolean;
  openJobs(): readonly string[];
  /** Jobs that were seen completed, newest last. */
  completed(): readonly string[];
  /** Idempotent; resolves when nobody is counted any more. */
  stop(): Promise<void>;
}

const EVERY_MS = 250;

export function takeCensus(db: Db): Census {
  const stopping = new AbortController();
  const { signal } = stopping;
  let bots = new Map<string, readonly string[]>();
  const open = new Set<string>();
  const completed: string[] = [];

  const count = async () => {
    const found = await db.collection('users').aggregate(FREE_BOTS).toArray();
    bots = new Map(found.map(({ uid, ids }) => [uid, ids]));
    const rested = await db
      .collection('sagas')
      .find({ _id: { $in: [...open] as unknown as ObjectId[] }, ...AT_REST })
      .project({ phase: '$state.phase' })
      .toArray();
    for (const { _id, phase } of rested) {
      open.delete(String(_id));
      if (phase === 'completed') completed.push(String(_id));
    }
  };
  const keepCounting = async () => {
    while (!signal.aborted) {
      // A server that is away is the run's purpose; the next count is due anyway.
      await count().catch(() => undefined);
      await pause(EVERY_MS, signal);
    }
  };
  const counting = keepCounting();

  return {
    botsOf: (uid) => bots.get(uid) ?? [],
    allBots: () =>
      [...bots].flatMap(([uid, ids]) => ids.map((instanceId) => ({ uid, instanceId }))),
    watch: (jobId) => void open.add(jobId),
    isOpen: (jobId) => open.has(jobId),
    openJobs: () => [...open],
    completed: () => completed,
    stop: () => {
      stopping.abort();
      return counting;
    },
  };
}

const AT_REST = { $or: [{ open: false }, { 'state.phase': 'stuck' }] };

const FREE_BOTS: Document[] = [
  {
    $project: {
      uid: '$firebaseUid',
      bots: {
        $filter: {
          input: { $objectToArray: { $ifNull: ['$botAllocations', {}] } },
          cond: { $eq: [{ $type: '$$this.v.lockedBy' }, 'missing'] },
        },
      },
    },
  },
  { $project: { uid: 1, ids: '$bots.k' } },
];
