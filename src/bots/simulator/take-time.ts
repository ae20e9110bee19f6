// A simulated bot that needs its time to end. It gets what its owner lets it take, as Docker and supervisord give it, and
// is killed after that.

import { InDoubtError, pause } from '@reclaim/saga';
import { boundedStop, USUAL_STOP_SECONDS } from '../../domain/bot.ts';

export interface Ends {
  readonly stopSeconds?: number;
  readonly needsSeconds?: number;
}

/** @param maxSeconds no stop time of an owner's is waited for any longer; undefined: any is.
 * @returns whether it was killed. @throws InDoubtError when the caller gives up first. */
export async function takeTime(
  { stopSeconds = USUAL_STOP_SECONDS, needsSeconds = 0 }: Ends,
  maxSeconds: number | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const graceSeconds = boundedStop(stopSeconds, maxSeconds ?? Number.POSITIVE_INFINITY);
  await pause(1_000 * Math.min(needsSeconds, graceSeconds), signal);
  if (signal.aborted) throw new InDoubtError('SIMULATED_ABORTED', 'aborted while it was stopping');
  return needsSeconds > graceSeconds;
}
