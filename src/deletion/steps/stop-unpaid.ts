// Stopping a bot whose numbers are not money, on an operator's choice. A deletion of such a bot stands still before
// anything is touched; the bot would go on trading until a person has put the numbers right. The choice stops it, and
// nothing else: allocation, balance and pool state stay as they are, and the saga stands still again, saying so. It is
// undone with the rest: a cancel starts the bot again.

import { FencedError, HoldError, RetryableError, SagaError } from '@reclaim/saga';
import type { ObservedBot } from '../../domain/bot.ts';
import { stopAndObserve } from '../bot-at-rest.ts';
import type { BotCapture } from '../captures.ts';
import { deadlineOf } from '../stop-policy.ts';
import { withReplacements } from './replacements.ts';
import { capturedBot, type DeletionCall, type DeletionPorts, MONEY_RETRY } from './step-ports.ts';
import { absenceDoubt } from './stop-container.ts';

/** What an operator may choose with a retry of a deletion that is stuck on such numbers. */
export const STOP_BOT = 'stop-bot';

export const NOT_MONEY = 'NOT_MONEY';
const STOPPED = 'NOT_MONEY_BOT_STOPPED';
const RUNNING = 'NOT_MONEY_BOT_RUNNING';
const UNOBSERVED = 'NOT_MONEY_BOT_UNSEEN';

/** Codes of a deletion that stands still on its numbers. */
export const STANDS_ON_NUMBERS: ReadonlySet<string> = new Set([
  NOT_MONEY,
  STOPPED,
  RUNNING,
  UNOBSERVED,
]);

/** Between two attempts, milliseconds. */
const AGAIN_MS = 1_000;

/** @param refusal why the deletion stands still.
 * @throws HoldError, which says whether the bot is stopped; RetryableError while there is time to try again. */
export async function stopUnpaid(
  ports: DeletionPorts,
  call: DeletionCall,
  refusal: HoldError,
): Promise<never> {
  const captured = capturedBot(call);
  // Without a capture nothing could put it back.
  if (captured === null) {
    throw held(
      UNOBSERVED,
      refusal,
      'its bot was not seen: cancel this deletion and ask for it again',
    );
  }
  const left = await reasonLeft(ports, call, captured);
  if (left === null) throw held(STOPPED, refusal, 'its bot is stopped; nothing else was changed');
  const isOver = call.nowMs() >= (deadlineOf(call) ?? 0);
  if (isOver || call.attempt >= MONEY_RETRY.attempts - 1) {
    throw held(RUNNING, refusal, `its bot could not be stopped: ${left}`);
  }
  throw new RetryableError('STILL_RUNNING', left, { retryAfterMs: AGAIN_MS });
}

function held(code: string, { message, context }: HoldError, what: string): HoldError {
  return new HoldError(code, `${message}; ${what}`, { context });
}

/** Why it is not known to be at rest; null: it was observed to be. */
async function reasonLeft(
  ports: DeletionPorts,
  call: DeletionCall,
  { observedBots }: BotCapture,
): Promise<string | null> {
  const { instanceId } = call.input;
  try {
    const doubtAbsence = absenceDoubt(ports, call);
    const stop = (some: readonly ObservedBot[]) =>
      stopAndObserve(ports.bots, instanceId, some, doubtAbsence, call);
    const { rest } = await withReplacements(ports, call, await stop(observedBots), stop);
    if (rest.status === 'at-rest') return null;
    return rest.status === 'running' ? `running: ${rest.names.join(', ')}` : rest.reason;
  } catch (error) {
    if (error instanceof SagaError && !(error instanceof FencedError)) return error.message;
    throw error;
  }
}
