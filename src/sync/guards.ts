// The guards of a run over all users, judged on the whole of what it observed before anything is recorded or scheduled:
// so many orphans at once are more likely a mistake of ours, or a host that lost its containers, than the truth.

import type { Guard } from './sync-all-report.ts';

export interface Judged {
  readonly allocations: number;
  readonly orphans: number;
  /** Bots that Docker showed, of all users. */
  readonly containers: number;
}

/** The share of all allocations that may be orphaned at once. */
const MAX_SHARE = 0.2;
/** A share says nothing of a handful. */
const SHARE_FLOOR = 10;

/** Null: go on. @param maxRefunds SYNC_MAX_REFUNDS. */
export function judgeRun(
  { allocations, orphans, containers }: Judged,
  maxRefunds: number,
): Guard | null {
  if (containers === 0 && allocations > 0) return 'no-containers';
  if (orphans > maxRefunds) return 'too-many-refunds';
  if (orphans > SHARE_FLOOR && orphans > allocations * MAX_SHARE) return 'too-large-a-share';
  return null;
}
