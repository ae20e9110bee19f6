// Users who stare at a job's page: they poll it to its end, and what it says may never go back (I9).

import { pause } from '@reclaim/saga';
import type { Random } from '../random.ts';
import type { Verdict } from '../verdict.ts';
import type { Census } from './census.ts';
import type { Client } from './client.ts';

export interface Watchers {
  /** The last state that was shown of each job that was watched. */
  readonly shown: ReadonlyMap<string, string>;
  polls(): number;
  readonly stopped: Promise<void>;
}

export interface WatchersOptions {
  readonly client: Client;
  readonly census: Census;
  readonly random: Random;
  readonly verdict: Verdict;
  readonly signal: AbortSignal;
}

const AT_ONCE = 6;
const POLL_EVERY_MS = 200;

export function startWatchers(options: WatchersOptions): Watchers {
  const shown = new Map<string, string>();
  let polls = 0;
  const watch = async () => {
    while (!options.signal.aborted) {
      const jobId = options.random.pick(options.census.openJobs());
      if (jobId === undefined || shown.has(jobId)) await pause(POLL_EVERY_MS, options.signal);
      else polls += await follow(options, jobId, shown);
    }
  };
  const stopped = Promise.all(Array.from({ length: AT_ONCE }, watch)).then(() => undefined);
  return { shown, polls: () => polls, stopped };
}

interface JobBefore {
  readonly state: string;
  readonly progress: number;
}

async function follow(
  { client, verdict, signal }: WatchersOptions,
  jobId: string,
  shown: Map<string, string>,
): Promise<number> {
  let before: JobBefore | null = null;
  let polls = 0;
  // Some polls after the end: an end is for good.
  for (let afterEnd = 0; afterEnd < 2 && !signal.aborted; ) {
    const reply = await client.asAdmin({ method: 'GET', path: `/jobs/${jobId}` });
    polls += 1;
    if (reply?.status === 200) {
      const observed: JobBefore = reply.body;
      const wrong = before === null ? null : regress(before, observed);
      if (wrong !== null) verdict.violated('I9', `${jobId} ${wrong}`);
      shown.set(jobId, observed.state);
      if (ENDS.has(observed.state)) afterEnd += 1;
      before = observed;
    } else if (reply?.status === 404) verdict.violated('I7', `${jobId} is not known any more`);
    await pause(POLL_EVERY_MS, signal);
  }
  return polls;
}

export const ENDS: ReadonlySet<string> = new Set(['completed', 'compensated', 'cancelled']);

/** What may follow a state that is no end. A stuck saga goes on in its direction, or back. */
const NEXT: Readonly<Record<string, ReadonlySet<string>>> = {
  queued: new Set(['queued', 'running', 'compensating', 'stuck', ...ENDS]),
  running: new Set(['running', 'compensating', 'stuck', ...ENDS]),
  stuck: new Set(['running', 'compensating', 'stuck', ...ENDS]),
  compensating: new Set(['compensating', 'stuck', ...ENDS]),
};

function regress(before: JobBefore, now: JobBefore): string | null {
  const isEnd = ENDS.has(before.state);
  const isAllowed = isEnd ? before.state === now.state : NEXT[before.state]?.has(now.state);
  if (isAllowed !== true) return `was ${before.state} and is ${now.state}`;
  return null;
}
