// What the steps of a run over all users leave for one another.

import type { StoredOf } from '@reclaim/saga';
import { Type } from 'typebox';

const COUNT = Type.Number();
const TEXTS = Type.Array(Type.String());

export const SURVEY = Type.Object({
  /** Of what was found bot by bot (`mongodb/run-drifts.ts`). */
  listId: Type.String(),
  /** Database time, ms: before any source was read. */
  beganAtMs: COUNT,
  users: COUNT,
  allocations: COUNT,
  /** Bots that Docker showed, of all users. */
  containers: COUNT,
  live: COUNT,
  orphans: COUNT,
  orphanValueMinor: COUNT,
  lostEntries: COUNT,
  staleEntries: COUNT,
  ghosts: COUNT,
  unknown: COUNT,
  /** Orphans on which another saga is at work. */
  held: COUNT,
  /** With allocations, under an `_id` that is no id of a user: left alone, each with a finding. */
  unreadableUsers: COUNT,
  /** Why sources did not answer; bounded. */
  reasons: TEXTS,
  /** Ghosts, and bots whose owner is not known; bounded. */
  ghostSample: TEXTS,
  isPoolStateUnknown: Type.Boolean(),
});
export type SurveyTotals = StoredOf<typeof SURVEY>;

export const JUDGEMENT = Type.Object({
  guard: Type.Union([
    Type.Enum(['too-many-refunds', 'too-large-a-share', 'no-containers']),
    Type.Null(),
  ]),
  /** Nothing is done. A forced run is warned, and goes on. */
  isStopped: Type.Boolean(),
});
export type Judgement = StoredOf<typeof JUDGEMENT>;
export type Guard = NonNullable<Judgement['guard']>;

/** Users whose run was started. */
export const SCHEDULED = Type.Object({ users: COUNT });

export const FOLLOWED = Type.Object({
  open: COUNT,
  repaired: COUNT,
  /** Cents: whole numbers, which may be added. */
  returnedMinor: COUNT,
});
export type FollowedRuns = StoredOf<typeof FOLLOWED>;
