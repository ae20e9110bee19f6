// The findings in MongoDB: one document per kind and subject, counted up by one conditional upsert, so
// that a fact observed every minute is one line on an operator's page.

import { createHash, randomUUID } from 'node:crypto';
import { majorityCollection, runRepeatable } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import type { Finding, Findings, RecordedFinding, Resolution, ResolveAction } from './findings.ts';

interface StoredResolution extends Omit<Resolution, 'at'> {
  readonly at: Date;
  readonly decisionId: string;
}

interface FindingDocument extends Finding {
  readonly _id: string;
  readonly status: RecordedFinding['status'];
  readonly observed: number;
  readonly firstObservedAt: Date;
  readonly lastObservedAt: Date;
  readonly resolution?: StoredResolution;
  readonly earlier?: readonly StoredResolution[];
}

const MAX_LISTED = 500;
/** Decisions kept of a finding that comes back again and again. */
const MAX_EARLIER = 10;

/** Its decision was to end it, and it is there again. */
const HAS_COME_BACK = {
  $in: ['$resolution.action', ['remove', 'accept-as-new'] satisfies ResolveAction[]],
};
const EARLIER = { $ifNull: ['$earlier', []] };

export function createMongoFindings(db: Db): Findings {
  const collection = () => majorityCollection<FindingDocument>(db, 'findings');
  return {
    /** Repeatable: after a lost reply the count may be one too high, never a second finding. */
    async report(finding) {
      const { kind, userId, instanceId, discriminator, evidence } = finding;
      await runRepeatable(() =>
        collection().updateOne(
          { _id: findingId(finding) },
          [
            {
              $set: {
                kind,
                userId,
                instanceId,
                discriminator: { $literal: discriminator },
                evidence: { $literal: evidence },
                status: { $cond: [HAS_COME_BACK, 'open', { $ifNull: ['$status', 'open'] }] },
                earlier: {
                  $cond: [
                    HAS_COME_BACK,
                    { $slice: [{ $concatArrays: [EARLIER, ['$resolution']] }, -MAX_EARLIER] },
                    EARLIER,
                  ],
                },
                resolution: { $cond: [HAS_COME_BACK, '$$REMOVE', '$resolution'] },
                observed: { $add: [{ $ifNull: ['$observed', 0] }, 1] },
                firstObservedAt: { $ifNull: ['$firstObservedAt', '$$NOW'] },
                lastObservedAt: '$$NOW',
              },
            },
          ],
          { upsert: true },
        ),
      );
    },

    async listOpen({ userId, kind, limit }) {
      const ofUser = userId === undefined ? {} : { userId };
      const ofKind = kind === undefined ? {} : { kind };
      const documents = await runRepeatable(() =>
        collection()
          .find({ status: 'open', ...ofUser, ...ofKind })
          .sort({ lastObservedAt: -1, _id: 1 })
          .limit(Math.min(Math.max(1, Math.trunc(limit)), MAX_LISTED))
          .toArray(),
      );
      return documents.map(parseFinding);
    },

    async countOpen() {
      const counted = await runRepeatable(() =>
        collection()
          .aggregate([
            { $match: { status: 'open' } },
            { $group: { _id: '$kind', count: { $sum: 1 } } },
          ])
          .toArray(),
      );
      return new Map(counted.map(({ _id, count }) => [_id, Number(count)]));
    },

    async find(id) {
      const document = await runRepeatable(() => collection().findOne({ _id: id }));
      return document === null ? null : parseFinding(document);
    },

    async resolve(id, { action, reason, by }) {
      const decisionId = randomUUID();
      return runRepeatable(async () => {
        const decision = { action, reason, by, decisionId };
        const resolution = { $mergeObjects: [{ $literal: decision }, { at: '$$NOW' }] };
        await collection().updateOne(
          { _id: id, status: 'open' },
          [{ $set: { status: 'resolved', resolution } }],
          { writeConcern: { w: 'majority' } },
        );
        // Read back by the decision's id: the write before a lost reply was this one's own.
        const found = await collection().findOne({ _id: id });
        if (found === null) return 'not-found';
        return found.resolution?.decisionId === decisionId ? 'resolved' : 'resolved-before';
      });
    },
  };
}

/** Short enough for a URL; the parts may hold anything. */
function findingId({ kind, userId, instanceId, discriminator }: Finding): string {
  const parts = JSON.stringify([kind, userId, instanceId, discriminator]);
  return `fnd-${createHash('sha256').update(parts).digest('hex').slice(0, 24)}`;
}

function parseFinding({ _id, ...document }: FindingDocument): RecordedFinding {
  return {
    ...document,
    id: _id,
    firstObservedAt: document.firstObservedAt.toISOString(),
    lastObservedAt: document.lastObservedAt.toISOString(),
    resolution: document.resolution === undefined ? null : parseResolution(document.resolution),
    earlier: (document.earlier ?? []).map(parseResolution),
  };
}

function parseResolution({ action, reason, by, at }: StoredResolution): Resolution {
  return { action, reason, by, at: at.toISOString() };
}
