// The observation before a deletion's payment: has the bot stopped, and stayed so (I5)?

import { isWithin, RetryableError } from '@reclaim/saga';
import type { ObservedBot } from '../../domain/bot.ts';
import { observeAtRest } from '../bot-at-rest.ts';
import { deadlineOf, giveUp } from '../stop-policy.ts';
import type { Confirmed } from './refund-wallet.ts';
import { withRecorded } from './replacements.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  hasGivenUpStop,
  knownBots,
  STEP,
} from './step-ports.ts';

type StopPorts = Pick<
  DeletionPorts,
  'bots' | 'wallets' | 'hostExpectations' | 'poolStates' | 'tombstones'
>;

/** The stop was observed by its own step; a bot that was started since must not trade with money that is on its way
 * back. Docker cannot be fenced, so this observation is as late as one can be (I5). */
export async function observeStop(ports: StopPorts, call: DeletionCall): Promise<Confirmed> {
  if (capturedBot(call) === null || hasGivenUpStop(call) || wasAtRest(call))
    return { warnings: [] };
  const { instanceId } = contextOf(call).input;
  const { bots } = ports;
  const known = knownBots(call);
  const look = (some: readonly ObservedBot[]) => observeAtRest(bots, instanceId, some, call);
  const { rest, replacements } = await withRecorded(ports, call, await look(known), look);
  if (rest.status === 'at-rest') return { warnings: [], replacements };
  const leftMs = (deadlineOf(call) ?? 0) - call.nowMs();
  const reason = rest.status === 'running' ? `running: ${rest.names.join()}` : rest.reason;
  if (leftMs <= 0) {
    const { value, warnings } = giveUp(call, 'stop-failed', reason);
    return { warnings, replacements, ...value };
  }
  if (rest.status === 'running') {
    const all = [...known, ...replacements];
    await Promise.all(all.map((observed) => bots.stop(instanceId, observed, call)));
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
