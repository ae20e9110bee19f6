// When a difference is a fact. A legacy writer sets the balance and appends its row in two writes; a pass that reads
// between them finds a difference that is gone a moment later. So a pass that does not add up is only a suspicion,
// until the wallet has stayed unchanged with it, or until no pass has added up for long.

import type { Suspicion } from './mongodb/audit-checkpoints.ts';

export interface SuspicionRules {
  /** A wallet that has not changed at all for so long has no write under way. */
  readonly stillForMs: number;
  /** A wallet that is written all the time never stays unchanged: then this long without one pass that adds
   * up is enough. */
  readonly busyForMs: number;
}

export const SUSPICION_RULES: SuspicionRules = { stillForMs: 3_000, busyForMs: 10 * 60_000 };

export type Judgement =
  | { readonly status: 'confirmed' }
  | { readonly status: 'suspected'; readonly suspicion: Suspicion };

export function judge(
  signature: string,
  nowMs: number,
  earlier: Suspicion | null,
  { stillForMs, busyForMs }: SuspicionRules,
): Judgement {
  const isSame = earlier?.signature === signature;
  // A moment that has not come yet is from before the clock went back: it counts from now.
  const observedAtMs = isSame ? Math.min(earlier.observedAtMs, nowMs) : nowMs;
  const sinceMs = Math.min(earlier?.sinceMs ?? nowMs, nowMs);
  if (nowMs - observedAtMs >= stillForMs && isSame) return { status: 'confirmed' };
  if (nowMs - sinceMs >= busyForMs) return { status: 'confirmed' };
  return { status: 'suspected', suspicion: { signature, observedAtMs, sinceMs } };
}
