// A request to make a bot: which saga answers it, or why none does. What can be refused is refused here, before
// there is a saga; the saga decides again by what it finds then. I8: an Idempotency-Key is bound to the saga's
// id before anything else, so that a repeat, at the same time or after a crash, never makes a second bot. Neither is
// believed without the other: the key may be forgotten before its saga, and the saga before its key.

import { createHash } from 'node:crypto';
import type { SagaId, SagaRecord, Sagas } from '@reclaim/saga';
import { finishTombstone, NO_RIVAL } from '../deletion/finish-tombstone.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import { highestInPools, numberedBot } from '../pool-state/numbered-bots.ts';
import type { OwnerNames } from '../pool-state/ownership.ts';
import { freePort, ownPools } from '../pool-state/pool-slots.ts';
import type { PoolState } from '../pool-state/pool-state.ts';
import type { Accounts } from '../wallet/mongodb/accounts.ts';
import { findPlaces, type Places } from './find-slots.ts';
import type { BotNumbers } from './mongo-bot-numbers.ts';
import { type RequestKeys, requestName } from './mongo-request-keys.ts';
import { PROVISION_BOT } from './provision-bot.ts';
import { PROVISION, type ProvisionBotInput } from './provision-bot-input.ts';
import type { ProvisioningPorts } from './provisioning-ports.ts';

export interface ProvisionRequest {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  readonly botName: string;
  /** Dollars as the caller wrote them. */
  readonly allocatedAmount: number;
  /** The same in integer cents. */
  readonly amountMinor: number;
  /** The Idempotency-Key; null: every request is a new one. */
  readonly key: string | null;
  /** Who asked, for the audit trail. */
  readonly requestedBy: string;
  readonly signal: AbortSignal;
}

export type ProvisionOutcome =
  | { readonly status: 'accepted' | 'existing'; readonly saga: SagaRecord }
  /** The key was used for another request. */
  | { readonly status: 'key-reused' }
  /** The key was used long ago, and what it began is forgotten. */
  | { readonly status: 'key-expired' }
  /** A saga of another kind works on something of the new bot's id. */
  | { readonly status: 'held-by'; readonly saga: SagaRecord }
  | ProvisionRefusal;

export type ProvisionRefusal =
  /** PROVISION is off. */
  | { readonly status: 'off' }
  /** No new id can begin with this firebaseUid. */
  | { readonly status: 'unusable-uid' }
  /** Null: there is no wallet, or no amount of money in it. */
  | { readonly status: 'insufficient-funds'; readonly balance: number | null }
  | { readonly status: 'no-pool'; readonly reason: 'none' | 'not-running' | 'full' }
  /** An earlier bot of the id is not gone yet. */
  | { readonly status: 'unfinished-deletion'; readonly instanceId: InstanceId }
  | { readonly status: 'sources-unknown'; readonly reasons: readonly string[] };

export interface ProvisionRequestsOptions {
  readonly ports: ProvisioningPorts;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly numbers: BotNumbers;
  readonly keys: RequestKeys;
  readonly sagas: Pick<Sagas, 'newId' | 'start' | 'find' | 'list'>;
  /** PROVISION. While it is off, nothing new begins; what was accepted before is finished, and found by its key. */
  readonly isOffered: boolean;
  /** BOT_IMAGE; null: bots live in pools only. */
  readonly image: string | null;
  readonly startTimeoutMs: number;
  readonly undoTimeoutMs: number;
}

export type ProvisionRequests = ReturnType<typeof createProvisionRequests>;

export function createProvisionRequests(options: ProvisionRequestsOptions) {
  const { sagas, keys } = options;
  return {
    /** @throws UnavailableError when the provision could not be made durable: nothing was promised. */
    request: async (request: ProvisionRequest): Promise<ProvisionOutcome> => {
      if (!options.isOffered) return acceptedBefore(options, request);
      const sagaId = sagas.newId(PROVISION_BOT);
      if (request.key === null) return begin(options, request, sagaId);
      const { userId } = request;
      const name = requestName(userId, request.key);
      // Before the key: one that is bound anew has no saga then.
      const earlier = await findEarlier(options, name);
      if (earlier !== null) return answered(request, earlier);
      const bound = await keys.bind({ userId, name, fingerprint: fingerprint(request), sagaId });
      if (bound.status === 'other-request') return { status: 'key-reused' };
      const known = bound.sagaId === sagaId ? null : await sagas.find(bound.sagaId);
      if (known !== null) return { status: 'existing', saga: known };
      if (!bound.isYoung) return { status: 'key-expired' };
      const outcome = await begin(options, request, bound.sagaId);
      if (outcome.status === 'accepted') return outcome;
      // What speaks against it may be what the same request, sent twice, has just done.
      const begun = await sagas.find(bound.sagaId);
      return begun === null ? outcome : { status: 'existing', saga: begun };
    },
  };
}

async function acceptedBefore(
  options: ProvisionRequestsOptions,
  request: ProvisionRequest,
): Promise<ProvisionOutcome> {
  const { userId, key } = request;
  const earlier = key === null ? null : await findEarlier(options, requestName(userId, key));
  return earlier === null ? { status: 'off' } : answered(request, earlier);
}

async function findEarlier(
  { sagas }: ProvisionRequestsOptions,
  name: string,
): Promise<SagaRecord | null> {
  const anyOf = [{ of: 'input', field: 'requestName', value: name } as const];
  const { sagas: found } = await sagas.list({ kind: PROVISION_BOT, anyOf, limit: 1 });
  return found[0] ?? null;
}

function answered(request: ProvisionRequest, saga: SagaRecord): ProvisionOutcome {
  const input = PROVISION.peek(saga.input);
  // Of a release whose records this one cannot read: whether the request is the same cannot be told.
  if (input === null) return { status: 'key-expired' };
  return fingerprint(input) === fingerprint(request)
    ? { status: 'existing', saga }
    : { status: 'key-reused' };
}

async function begin(
  options: ProvisionRequestsOptions,
  request: ProvisionRequest,
  sagaId: SagaId,
): Promise<ProvisionOutcome> {
  const { firebaseUid, userId } = request;
  if (numberedBot(firebaseUid, 1) === undefined) return { status: 'unusable-uid' };
  const { ports, accounts, image } = options;
  const [account, places, held] = await Promise.all([
    accounts.find({ userId }),
    findPlaces(ports, { userId, firebaseUid, image }, request),
    ports.tombstones.heldSlots(userId),
  ]);
  const balance = isMoney(account?.balance) ? account.balance : null;
  if (balance === null || balance < request.allocatedAmount) {
    return { status: 'insufficient-funds', balance };
  }
  if (places.status === 'unknown') return { status: 'sources-unknown', reasons: [places.reason] };
  return withoutPlace(places, request, held) ?? number(options, request, sagaId, places.state);
}

type KnownPlaces = Extract<Places, { status: 'ok' }>;

function withoutPlace(
  { state, pools, dedicated, unknown }: KnownPlaces,
  owner: OwnerNames,
  held: Parameters<typeof freePort>[2],
): ProvisionRefusal | null {
  const own = ownPools(state, owner);
  const isRunning = (id: string) => pools.some(({ poolId }) => poolId === id);
  const hasRoom = own.some((pool) => isRunning(pool.id) && freePort(state, pool, held) !== null);
  if (hasRoom || dedicated !== null) return null;
  if (unknown.length > 0) return { status: 'sources-unknown', reasons: unknown };
  if (own.length === 0) return { status: 'no-pool', reason: 'none' };
  return { status: 'no-pool', reason: pools.length === 0 ? 'not-running' : 'full' };
}

async function number(
  options: ProvisionRequestsOptions,
  request: ProvisionRequest,
  sagaId: SagaId,
  state: PoolState,
): Promise<ProvisionOutcome> {
  const { userId, firebaseUid } = request;
  const above = highestInPools(state, firebaseUid);
  const n = await options.numbers.next({ userId, firebaseUid, above });
  const instanceId = numberedBot(firebaseUid, n);
  if (instanceId === undefined) return { status: 'unusable-uid' };
  if (!(await isFinished(options, request, instanceId))) {
    return { status: 'unfinished-deletion', instanceId };
  }
  return start(options, request, sagaId, instanceId);
}

// The numbers are above every tombstone's; one that was written since is finished first.
async function isFinished(
  { ports }: ProvisionRequestsOptions,
  { userId, signal }: ProvisionRequest,
  instanceId: InstanceId,
): Promise<boolean> {
  const found = await ports.tombstones.findForBot(userId, instanceId);
  for (const tombstone of found) {
    if (tombstone.status === 'open') return false;
    if (tombstone.status === 'ended') continue;
    const observation = await finishTombstone(ports, tombstone, { signal, fence: NO_RIVAL });
    const reason = observation.gone ? null : observation.reason;
    await ports.tombstones.recordCheck(tombstone, { gone: observation.gone, reason });
    if (!observation.gone) return false;
  }
  return true;
}

async function start(
  { sagas, image, startTimeoutMs, undoTimeoutMs }: ProvisionRequestsOptions,
  request: ProvisionRequest,
  id: SagaId,
  instanceId: InstanceId,
): Promise<ProvisionOutcome> {
  const { userId, firebaseUid, botName, allocatedAmount, amountMinor, requestedBy, key } = request;
  const bot = { userId, firebaseUid, instanceId, botName, allocatedAmount, amountMinor };
  const named = key === null ? {} : { requestName: requestName(userId, key) };
  const { saga } = await sagas.start({
    kind: PROVISION_BOT,
    id,
    subject: userId,
    requestedBy,
    input: {
      ...{ ...bot, ...named, image, startTimeoutMs, undoTimeoutMs },
    } satisfies ProvisionBotInput,
  });
  return { status: saga.id === id ? 'accepted' : 'held-by', saga };
}

function fingerprint({
  botName,
  amountMinor,
}: Pick<ProvisionRequest, 'botName' | 'amountMinor'>): string {
  return createHash('sha256')
    .update(JSON.stringify([botName, amountMinor]))
    .digest('hex');
}
