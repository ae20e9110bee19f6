// The observation before a deletion's payment: has the bot stopped, and stayed so (I5)?

import { isWithin, RetryableError, type Warning } from '@reclaim/saga';
import { observeAtRest } from '../bot-at-rest.ts';
import { deadlineOf, giveUp } from '../stop-policy.ts';
import { recordReplacements, withReplacements } from './replacements.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  hasGivenUpStop,
  STEP,
} from './step-ports.ts';

type StopPorts = Pick<
  DeletionPorts,
  'bots' | 'wallets' | 'hostExpectations' | 'poolStates' | 'tombstones'
>;

/** The stop was observed by its own step; a bot that was started since must not trade with money that is on its way
 * back. Docker cannot be fenced, so this observation is as late as one can be (I5). */
export async function observeStop(
  ports: StopPorts,
  call: DeletionCall,
): Promise<readonly Warning[]> {
  const captured = capturedBot(call);
  if (captured === null || hasGivenUpStop(call) || wasAtRest(call)) return [];
  const { instanceId } = contextOf(call).input;
  const { bots } = ports;
  let observedBots = captured.observedBots;
  const before = await withReplacements(
    ports,
    call,
    await observeAtRest(bots, instanceId, observedBots, call),
    async (replacements) => {
      await recordReplacements(ports, call, replacements);
      observedBots = replacements;
      return observeAtRest(bots, instanceId, replacements, call);
    },
  );
  if (before.status === 'at-rest') return [];
  const leftMs = (deadlineOf(call) ?? 0) - call.nowMs();
  const reason = before.status === 'running' ? `running: ${before.names.join()}` : before.reason;
  if (leftMs <= 0) return giveUp(call, 'stop-failed', reason).warnings;
  if (before.status === 'running') {
    await Promise.all(observedBots.map((observed) => bots.stop(instanceId, observed, call)));
  }
  throw new RetryableError('NOT_AT_REST', `before the refund the bot was seen: ${reason}`);
}

/** An observation this young is the one before the refund: another would be as old when the money moves. */
const FRESH_OBSERVATION_MS = 50;

// Under another claim it was another process's monotonic clock: how old its moments are cannot be known.
function wasAtRest(call: DeletionCall): boolean {
  const stop = call.results[STEP.stop];
  return (
    call.attempt === 1 &&
    stop !== undefined &&
    'observedAtRestMs' in stop &&
    stop.epoch === call.epoch &&
    isWithin(call.monotonicMs() - stop.observedAtRestMs, FRESH_OBSERVATION_MS)
  );
}
