// A request to delete a bot: which saga answers it (I8), or why none does. An owner's own DELETE is a
// decision, not evidence: a wallet that holds the bot is enough, whatever the other sources say. Only where
// the wallet does not know it do they decide, and then "no" needs all of them to have answered (I4).

import type { SagaRecord, Sagas } from '@reclaim/saga';
import { aboutBotOf, findEntryOf, locateOwned } from '../bots/locate-owned.ts';
import { resurrected } from '../findings/findings.ts';
import type { BotOfOwner } from '../pool-state/ownership.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';
import type { AllocationReading } from '../wallet/wallets.ts';
import { botKey } from './bot-key.ts';
import { DELETE_BOT } from './delete-bot.ts';
import type { DeleteBotInput, StopFailurePolicy } from './delete-bot-input.ts';
import { incarnationIdOf, isKnownToHavePaid, RECLAIM_ORPHAN } from './reclaim-orphan.ts';
import type { DeletionPorts } from './steps/step-ports.ts';

export type DeleteRequests = ReturnType<typeof createDeleteRequests>;

export interface DeleteRequest extends BotOfOwner {
  /** Who asked, for the audit trail. */
  readonly requestedBy: string;
  readonly signal: AbortSignal;
}

export type DeleteOutcome =
  /** A new saga; or the open one of this bot; or the completed one of this incarnation. */
  | { readonly status: 'accepted' | 'existing'; readonly saga: SagaRecord }
  /** A provision holds the bot. */
  | { readonly status: 'held-by'; readonly saga: SagaRecord }
  | { readonly status: 'not-found' }
  | { readonly status: 'sources-unknown'; readonly reasons: readonly string[] };

export interface DeleteRequestsOptions {
  readonly ports: DeletionPorts;
  readonly sagas: Pick<Sagas, 'start' | 'findByKey' | 'preempt'>;
  readonly onStopFailure: StopFailurePolicy;
  readonly stopTimeoutMs: number;
  readonly maxStopSeconds: number;
}

/** Ends of earlier sagas worth observing: the newest completed one is among them. */
const HISTORY = 10;
/** The sagas that take a bot away; a repeat is answered with theirs. */
const DELETING: ReadonlySet<string> = new Set([DELETE_BOT, RECLAIM_ORPHAN]);

export function createDeleteRequests(options: DeleteRequestsOptions) {
  const { ports, sagas } = options;
  return {
    /** @throws UnavailableError when the deletion could not be made durable: nothing was promised. */
    request: async (request: DeleteRequest): Promise<DeleteOutcome> => {
      const [earlier, reading] = await Promise.all([
        sagas.findByKey(botKey(request), HISTORY),
        ports.wallets.readAllocation(request.userId, request.instanceId),
      ]);
      // A restart holds the key too, and is no reason to refuse the request (409 is for provisions).
      const { others, notBeforeMs } = await sagas.preempt(earlier, request.requestedBy);
      const holder = others.find((saga) => saga.open);
      if (holder !== undefined) return byHolder(holder);
      const answer =
        reading.status === 'present'
          ? await paidBefore(ports, request, reading, completedAmong(others))
          : await withoutAllocation(options, request);
      const heldAtRequest = reading.status === 'present';
      return answer ?? begin(options, { ...request, heldAtRequest }, notBeforeMs);
    },
  };
}

function completedAmong(sagas: readonly SagaRecord[]): readonly SagaRecord[] {
  return sagas.filter(({ kind, state }) => DELETING.has(kind) && state.phase === 'completed');
}

function byHolder(saga: SagaRecord): DeleteOutcome {
  return { status: DELETING.has(saga.kind) ? 'existing' : 'held-by', saga };
}

type Present = Extract<AllocationReading, { status: 'present' }>;

// Only one that has paid is an answer for an allocation: a job that an operator closed has returned nothing. One of a
// release whose records this one cannot read answers nothing either: a new one finds out, by the wallet, the ledger and
// the tombstones, whether there is anything to pay.
async function paidBefore(
  ports: DeletionPorts,
  request: DeleteRequest,
  reading: Present,
  ended: readonly SagaRecord[],
): Promise<DeleteOutcome | null> {
  const payer = ended.find(isKnownToHavePaid);
  if (payer === undefined || !isPaidBefore(reading, payer)) return null;
  await reportResurrected(ports, request, payer);
  return { status: 'existing', saga: payer };
}

// @returns null when a new saga is to begin.
async function withoutAllocation(
  { ports, sagas }: DeleteRequestsOptions,
  request: DeleteRequest,
): Promise<DeleteOutcome | null> {
  const remains = await findElsewhere(ports, request);
  // Read behind the sources: what took the bot away from them may have begun, and ended, since the log was read (I8).
  const found = await sagas.findByKey(botKey(request), HISTORY);
  const [completed] = completedAmong(found);
  const saga = found.find(({ kind, open }) => open && DELETING.has(kind)) ?? completed;
  switch (remains.status) {
    case 'present':
      // What the last deletion's tombstone still has to take away is no new bot.
      return saga !== undefined && (saga.open || (await isUnfinished(ports, request)))
        ? { status: 'existing', saga }
        : null;
    case 'absent':
      return saga === undefined ? { status: 'not-found' } : { status: 'existing', saga };
    case 'unknown':
      return saga === undefined
        ? { status: 'sources-unknown', reasons: remains.reasons }
        : { status: 'existing', saga };
  }
}

type HeldRequest = DeleteRequest & { readonly heldAtRequest: boolean };

async function begin(
  { sagas, onStopFailure, stopTimeoutMs, maxStopSeconds }: DeleteRequestsOptions,
  { userId, firebaseUid, instanceId, requestedBy, heldAtRequest }: HeldRequest,
  notBeforeMs: number | null,
): Promise<DeleteOutcome> {
  const order = {
    kind: DELETE_BOT,
    subject: userId,
    requestedBy,
    input: {
      ...{ userId, firebaseUid, instanceId, onStopFailure, stopTimeoutMs },
      maxStopSeconds,
      heldAtRequest,
    } satisfies DeleteBotInput,
  };
  const { status, saga } = await sagas.start({ ...order, notBeforeMs });
  if (status === 'inserted') return { status: 'accepted', saga };
  // A restart may have begun since the key was read.
  const room = await sagas.preempt([saga], requestedBy);
  if (room.others.length > 0) return byHolder(saga);
  const again = await sagas.start({ ...order, notBeforeMs: room.notBeforeMs });
  return again.status === 'inserted'
    ? { status: 'accepted', saga: again.saga }
    : byHolder(again.saga);
}

type Elsewhere =
  | { readonly status: 'present' | 'absent' }
  | { readonly status: 'unknown'; readonly reasons: readonly string[] };

// One positive answer is enough to delete; "absent" takes both.
async function findElsewhere(
  ports: DeletionPorts,
  { userId, firebaseUid, instanceId, signal }: DeleteRequest,
): Promise<Elsewhere> {
  const owner = { userId, firebaseUid };
  // A caller waits for the answer: a host that was away a moment ago is asked again.
  const call = { signal, probes: true };
  const about = aboutBotOf(owner, instanceId);
  const pools = forBot(await ports.poolStates.read({ signal, about }), instanceId);
  const known = pools.status === 'ok' ? pools.items : null;
  const order = { owner, instanceId, holdsAllocation: NO_ALLOCATION, pools: known, call };
  if (known !== null && (await findEntryOf(ports.wallets, known, order)).entry !== null) {
    return { status: 'present' };
  }
  const located = await locateOwned(ports, order);
  if (located.status === 'ok' && located.items.mine.length > 0) return { status: 'present' };
  const unanswered = [pools, located].flatMap((answer) =>
    answer.status === 'unknown' ? [answer.reason] : [],
  );
  const disbelieved = located.status === 'ok' ? located.items.disbelieved : [];
  const reasons = [...unanswered, ...disbelieved];
  return reasons.length === 0 ? { status: 'absent' } : { status: 'unknown', reasons };
}

const NO_ALLOCATION = async () => false;

async function isUnfinished(
  { tombstones }: DeletionPorts,
  { userId, instanceId }: DeleteRequest,
): Promise<boolean> {
  const found = await tombstones.findForBot(userId, instanceId);
  return found.some(({ status }) => status === 'settled');
}

function isPaidBefore({ allocation }: Present, payer: SagaRecord): boolean {
  return allocation.settledOpId !== null || allocation.incarnationId === incarnationIdOf(payer);
}

// Read anew: the payer may have paid after the wallet was read, and before the log was, and then nothing came back.
async function reportResurrected(
  { findings, wallets }: DeletionPorts,
  { userId, instanceId }: DeleteRequest,
  completed: SagaRecord,
): Promise<void> {
  const reading = await wallets.readAllocation(userId, instanceId);
  if (reading.status !== 'present' || !isPaidBefore(reading, completed)) return;
  // What stands there decides: an older copy than the newest deletion's may have come back.
  const { incarnationId } = reading.allocation;
  await findings.report(
    resurrected({ userId, instanceId, incarnationId, settledBy: completed.id }),
  );
}
