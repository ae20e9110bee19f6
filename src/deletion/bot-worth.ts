// Asks the bot of a deletion what it is worth: at the lock, and again right before the stop. An answer is written into
// the lock at once, under the epoch (I5): the bot will not say it twice, and the log has it only when the step is done.

import { FencedError } from '@reclaim/saga';
import type { BotWorth } from '../domain/bot-worth.ts';
import {
  capturedBot,
  contextOf,
  type DeletionCall,
  type DeletionPorts,
  STEP,
} from './steps/step-ports.ts';
import { deadlineOf } from './stop-policy.ts';

/** A bot that answers at all answers in less. */
const ASK_MS = 3_000;
/** Of the time that the stop has left: a bot that does not answer must not cost it its stop. */
const SHARE_OF_TIME_LEFT = 4;

export async function readWorth(
  { valuation }: Pick<DeletionPorts, 'valuation'>,
  call: DeletionCall,
): Promise<BotWorth> {
  const { instanceId, orphan } = call.input;
  // An orphan has no bot to be asked.
  if (orphan !== undefined) return { status: 'stored' };
  const bot = capturedBot(call);
  if (bot === null) return valuation.unasked;
  const leftMs = (deadlineOf(call) ?? 0) - call.nowMs();
  const timeoutMs = Math.min(ASK_MS, Math.floor(leftMs / SHARE_OF_TIME_LEFT));
  if (timeoutMs <= 0) return valuation.unasked;
  const mapping = call.captures[STEP.pool]?.entry?.mapping ?? null;
  const { observedBots } = bot;
  const { signal } = call;
  return valuation.worthOf({ instanceId, observedBots, mapping }, { signal, timeoutMs });
}

/** Right before the stop. @throws FencedError. */
export async function lockWorth(ports: DeletionPorts, call: DeletionCall): Promise<BotWorth> {
  const { lockTarget, tombstone, allocation } = contextOf(call);
  if (!allocation.hadAllocation) return { status: 'stored' };
  const worth = await readWorth(ports, call);
  if (worth.status !== 'live') return worth;
  const { value } = worth;
  const { incarnation } = tombstone;
  const locked = await ports.wallets.lock({
    ...{ ...lockTarget, incarnation, value },
    isLive: true,
    mayTakeOver: [],
  });
  if (locked.status === 'fenced') throw new FencedError(call.sagaId, call.epoch);
  // Every other answer is seen again, and decided, by the settlement; the log has the value too.
  return worth;
}
