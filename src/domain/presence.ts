// One bot in the three sources, and what follows from it. I4: a source that did not answer is `unknown`, and an
// unknown vetoes every allocation that it could hide; only a positive "no" of both others makes an orphan.

export type PresenceAnswer = 'yes' | 'no' | 'unknown';

export interface Presence {
  readonly hasAllocation: boolean;
  readonly poolState: PresenceAnswer;
  readonly docker: PresenceAnswer;
  /** Docker's yes is a container of the bot's own: such a bot needs no entry in the pool state. */
  readonly isDedicated: boolean;
}

export const VERDICTS = [
  /** Allocated, and there in any state: a stopped, paused or crashed bot is not an orphan. */
  'live',
  /** Live in a pool, but the pool state has lost it: the entry is made again. */
  'lost-entry',
  /** Money without a bot: paid back after a second observation; a stale entry goes with it. */
  'orphan',
  /** A bot without money. */
  'ghost',
  /** An entry of neither money nor bot. */
  'stale-entry',
  /** A source answered `unknown`. */
  'unknown',
  'nothing',
] as const;

export type Verdict = (typeof VERDICTS)[number];

export function judgePresence({
  hasAllocation,
  poolState,
  docker,
  isDedicated,
}: Presence): Verdict {
  if (docker === 'yes') {
    if (!hasAllocation) return 'ghost';
    return poolState === 'no' && !isDedicated ? 'lost-entry' : 'live';
  }
  if (docker === 'unknown' || poolState === 'unknown') return 'unknown';
  if (hasAllocation) return 'orphan';
  return poolState === 'yes' ? 'stale-entry' : 'nothing';
}
