// The memory of the platform's orchestrator, which lists a bot and counts its slot until it learns that the bot is gone.
// Informing it is a courtesy: no money and no end of a job depends on it.

import type { InstanceId } from '../domain/ids.ts';

/** What became of it; no secret and no address is in it, for users read it. */
export type PlatformOutcome = (typeof OUTCOMES)[number];
export const OUTCOMES = [
  'informed',
  /** It has no such bot. */
  'unknown-there',
  /** Not asked, because it is not proven that the bot there can be this one alone. */
  'withheld',
  /** It does not take the token, or not for this bot. */
  'refused',
  /** It led elsewhere, which is not followed: the token would go there. */
  'redirected',
  'failed',
  'unreachable',
  /** Not in time; it may have done it all the same. */
  'no-answer',
] as const;

/** The longest that a job waits for it, and its user with it. */
export const PLATFORM_TIMEOUT_MS = 3_000;

export interface PlatformMemory {
  /** Has the platform delete the bot for itself, its data folder included. Never throws, ends within a deadline of its own. */
  forgetBot(
    instanceId: InstanceId,
    call: { readonly signal: AbortSignal },
  ): Promise<PlatformOutcome>;
}
