// The saga that pays an orphan back: the deletion's own steps without a bot to stop, so that there is one path
// for money. An orphan is evidence, not a decision (I4): right before the payment every source must say absent
// once more, and anything else takes the saga back. The deletion's stop policy does not apply.

import {
  type Json,
  type SagaId,
  type SagaOrder,
  type SagaRecord,
  saga,
  TerminalError,
} from '@reclaim/saga';
import { assertNever } from '../domain/assert-never.ts';
import type { BotOfOwner } from '../pool-state/ownership.ts';
import type { Receipt } from '../wallet/receipts.ts';
import { botKey } from './bot-key.ts';
import { ALLOCATION_CAPTURE, REFUND_VALUE } from './captures.ts';
import { holdsOf, walletOf } from './delete-bot.ts';
import { DELETE_BOT_INPUT, type DeleteBotInput } from './delete-bot-input.ts';
import { lockAllocation } from './steps/lock-allocation.ts';
import { type ConfirmBeforePayment, refundWallet } from './steps/refund-wallet.ts';
import { removeContainer } from './steps/remove-container.ts';
import { type DeletionPorts, LATER_CAPTURES, STEP } from './steps/step-ports.ts';
import { updatePoolState } from './steps/update-pool-state.ts';
import { writeTransaction } from './steps/write-transaction.ts';

export const RECLAIM_ORPHAN = 'reclaim-orphan';

/** A pool state that cannot be written for this long takes the saga back: the next run tries again. */
const POOL_STATE_TIMEOUT_MS = 30_000;

export function createReclaimOrphanSaga(ports: DeletionPorts, absence: Absence) {
  return saga(RECLAIM_ORPHAN, {
    queue: 'deletion',
    idPrefix: 'rcl',
    searchBy: ['instanceId'],
    inputSchema: DELETE_BOT_INPUT,
    key: (input: DeleteBotInput) => botKey(input),
    fairnessKey: (input) => input.userId,
    laterCaptures: { [STEP.pool]: LATER_CAPTURES[STEP.pool] },
  })
    .compensatable(STEP.lock, lockAllocation(ports))
    .compensatable(STEP.pool, updatePoolState(ports))
    .pivot(STEP.refund, refundWallet(ports, mustBeAbsent(absence)))
    .retriable(STEP.post, writeTransaction(ports))
    .retriable(STEP.remove, removeContainer(ports))
    .holds(holdsOf(ports))
    .returns(({ results }) => ({ wallet: walletOf(results[STEP.refund]) }));
}

export interface OrphanToReclaim
  extends Pick<DeleteBotInput, 'userId' | 'firebaseUid' | 'instanceId'> {
  /** The incarnation that was seen to be an orphan; null for an allocation without a date. */
  readonly incarnationId: string | null;
}

/** The order of the saga for an orphan; one per bot can be open (I8). */
export function reclaimOrder(
  { incarnationId, ...bot }: OrphanToReclaim,
  { parent, requestedBy }: { readonly parent: SagaId; readonly requestedBy: string },
): SagaOrder {
  return {
    kind: RECLAIM_ORPHAN,
    subject: bot.userId,
    requestedBy,
    parent,
    input: {
      ...bot,
      onStopFailure: 'restore',
      stopTimeoutMs: POOL_STATE_TIMEOUT_MS,
      orphan: { incarnationId },
    } satisfies DeleteBotInput,
  };
}

/** What a deletion or a reclaiming paid; null where it paid nothing (yet). */
export function paidBy(saga: SagaRecord): Receipt | null {
  return REFUND_VALUE.readOrNull(refundOf(saga))?.receipt ?? null;
}

/** The same of a job that may be of another release: what this one cannot read is no proof of a payment. */
export function isKnownToHavePaid(saga: SagaRecord): boolean {
  return (REFUND_VALUE.peek(refundOf(saga))?.receipt ?? null) !== null;
}

/** Of the incarnation that a deleting saga is about, as far as it can be read: it may be of another release. */
export function incarnationIdOf({ state }: SagaRecord): string | null {
  const lock = state.steps.find(({ name }) => name === STEP.lock);
  return ALLOCATION_CAPTURE.peek(lock?.capture)?.incarnationId ?? null;
}

function refundOf({ state }: SagaRecord): Json | null {
  return state.steps.find(({ name }) => name === STEP.refund)?.value ?? null;
}

/** Whether a bot is nowhere, asked of the pool state and of Docker at this moment. I4: three answers; what could not be asked
 * is unknown and never absent. */
export interface Absence {
  check(bot: BotOfOwner, call: { readonly signal: AbortSignal }): Promise<AbsenceAnswer>;
}

type AbsenceAnswer =
  | { readonly status: 'absent' }
  /** `where` names the source and the container or pool. */
  | { readonly status: 'present'; readonly where: string }
  | { readonly status: 'unknown'; readonly reason: string };

function mustBeAbsent(absence: Absence): ConfirmBeforePayment {
  return async (call) => {
    const { userId, firebaseUid, instanceId } = call.input;
    const answer = await absence.check({ userId, firebaseUid, instanceId }, call);
    switch (answer.status) {
      case 'absent':
        return { warnings: [] };
      case 'present':
        throw new TerminalError('SEEN_AGAIN', `the bot is there after all: ${answer.where}`);
      case 'unknown':
        throw new TerminalError('SOURCE_UNKNOWN', answer.reason);
      default:
        return assertNever(answer);
    }
  };
}
