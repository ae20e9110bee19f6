// The memory of the platform's orchestrator, which lists a bot and counts its slot until it learns that the bot is gone.
// Informing it is a courtesy: no money and no end of a job depends on it.

import { withDeadline } from '@reclaim/saga';
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

export interface PlatformOrchestratorOptions {
  /** PLATFORM_URL, without a slash at its end. */
  readonly url: string;
  /** PLATFORM_TOKEN. */
  readonly token: string;
  readonly timeoutMs: number;
}

/** By the DELETE of the platform's orchestrator, which moves no money. It is the only one of its routes that touches one bot
 * alone; docs/adopting.md says why the others are not used, and what this one costs. The token goes to this one address:
 * redirects are not followed, and of the answer nothing but its status is read. */
export function createPlatformOrchestrator(options: PlatformOrchestratorOptions): PlatformMemory {
  return {
    forgetBot: async (instanceId, { signal }) => {
      // It makes paths of the id, and removes what they lead to.
      if (/[/\\]/.test(instanceId)) return 'withheld';
      const late = () => new TimeOver();
      const send = (own: AbortSignal) => statusOf(options, instanceId, own);
      try {
        return outcomeOf(await withDeadline(send, { ms: options.timeoutMs, signal, late }));
      } catch (error) {
        return error instanceof TimeOver ? 'no-answer' : 'unreachable';
      }
    },
  };
}

class TimeOver extends Error {}

async function statusOf(
  { url, token }: PlatformOrchestratorOptions,
  instanceId: string,
  signal: AbortSignal,
): Promise<number> {
  const { status, body } = await fetch(`${url}/api/bots/${encodeURIComponent(instanceId)}`, {
    ...{ method: 'DELETE', redirect: 'manual', signal },
    headers: { authorization: `Bearer ${token}` },
  });
  // A body without an end would keep the connection.
  await body?.cancel();
  return status;
}

function outcomeOf(status: number): PlatformOutcome {
  if (status >= 200 && status < 300) return 'informed';
  if (status >= 300 && status < 400) return 'redirected';
  if (status === 404) return 'unknown-there';
  return status === 401 || status === 403 ? 'refused' : 'failed';
}
