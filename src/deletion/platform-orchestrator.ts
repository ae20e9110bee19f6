// The DELETE of the platform's orchestrator. It moves no money. It is the only one of its routes that touches one bot
// alone; docs/adopting.md says why the others are not used, and what this one costs. The token goes to this one address:
// redirects are not followed, and of the answer nothing but its status is read.

import { withDeadline } from '@reclaim/saga';
import type { PlatformMemory, PlatformOutcome } from './platform-memory.ts';

export interface PlatformOrchestratorOptions {
  /** PLATFORM_URL, without a slash at its end. */
  readonly url: string;
  /** PLATFORM_TOKEN. */
  readonly token: string;
  readonly timeoutMs: number;
}

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
