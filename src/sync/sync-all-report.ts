// What the steps of a run over all users leave for one another.

import { stored } from '@reclaim/saga';
import { Type } from 'typebox';
import type { FollowedRuns } from './follow-runs.ts';
import type { Guard } from './guards.ts';
import type { SurveyTotals } from './survey.ts';

export interface Judgement {
  readonly guard: Guard | null;
  /** Nothing is done. A forced run is warned, and goes on. */
  readonly isStopped: boolean;
}

const COUNT = Type.Number();
const TEXTS = Type.Array(Type.String());

export const SURVEY = stored<SurveyTotals>(
  'survey of all users',
  Type.Object({
    beganAtMs: COUNT,
    users: COUNT,
    allocations: COUNT,
    containers: COUNT,
    live: COUNT,
    orphans: COUNT,
    orphanValueMinor: COUNT,
    lostEntries: COUNT,
    staleEntries: COUNT,
    ghosts: COUNT,
    unknown: COUNT,
    held: COUNT,
    unreadableUsers: COUNT,
    reasons: TEXTS,
    ghostSample: TEXTS,
    isPoolStateUnknown: Type.Boolean(),
  }),
);

export const JUDGEMENT = stored<Judgement>(
  'judgement of a run',
  Type.Object({ guard: Type.Union([Type.String(), Type.Null()]), isStopped: Type.Boolean() }),
);

export const FOLLOWED = stored<FollowedRuns>(
  'followed runs',
  Type.Object({ open: COUNT, repaired: COUNT, returnedMinor: COUNT }),
);
