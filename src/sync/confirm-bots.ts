// The second observation: freshly, one bot at a time, before anything is repaired. It confirms what the first one
// found, finds that nothing is wrong any more, or names the veto. I4: the wallet is read before the other two, so that
// a bot made meanwhile is seen there.

import type { SagaId } from '@reclaim/saga';
import type { BotsCall } from '../bots/bots.ts';
import { botKey } from '../deletion/bot-key.ts';
import type { BotOfUser } from '../domain/incarnation.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import { judgePresence } from '../domain/presence.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { AccountAllocation } from '../wallet/mongodb/accounts.ts';
import type { AllocationReading } from '../wallet/wallets.ts';
import { factsOf } from './first-observation.ts';
import { type BotObservation, observeBot } from './observe-bot.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { DriftNote, RunReport, SkipReason } from './sync-reports.ts';

export type ConfirmPorts = Pick<
  SyncPorts,
  'bots' | 'wallets' | 'poolStates' | 'hostExpectations' | 'tombstones'
>;

export type ConfirmationPorts = ConfirmPorts & Pick<SyncPorts, 'accounts' | 'sagas'>;

/** A mapping that says `pending` for longer than this has been left behind. */
const PENDING_MS = 10 * 60_000;
/** Bots observed side by side: an exec costs a Docker host some 50 ms of CPU. */
const WIDTH = 4;

export interface Confirmations {
  readonly drifts: readonly DriftNote[];
  /** Those of the first observation, and what is another user's and was observed only now: a listing of one owner's
   * bots does not show it. */
  readonly conflicts: RunReport['conflicts'];
}

/** Observes again what the first observation noted as `observed`; the rest comes back as it is, unless a saga holds it.
 * @param nowMs database time, for the age of a pending mapping. */
export async function confirmBots(
  ports: ConfirmationPorts,
  user: BotOwner,
  { drifts: report, conflicts }: Pick<RunReport, 'drifts' | 'conflicts'>,
  { nowMs, ...call }: BotsCall & { readonly nowMs: number },
): Promise<Confirmations> {
  const account = await ports.accounts.find({ userId: user.userId });
  const held = new Map((account?.allocations ?? []).map((bot) => [bot.instanceId, bot]));
  const keys = report.map(({ instanceId }) => botKey({ ...user, instanceId }));
  const holders = await ports.sagas.findHolders(keys);
  const where = new Map(conflicts.map((conflict) => [conflict.instanceId, conflict.where]));
  const drifts = await mapBounded(report, WIDTH, async (note) => {
    const { instanceId } = note;
    const holder = holders.get(botKey({ ...user, instanceId }));
    // A deletion that has paid, and has not removed the bot yet.
    if (note.outcome === 'reported' && holder !== undefined) return skip(note, 'open-saga', holder);
    if (note.outcome !== 'observed') return note;
    const observed = { held: held.get(instanceId), holder, nowMs };
    const { note: confirmed, observation } = await confirmBot(ports, user, note, observed, call);
    const foreign = observation?.foreign ?? [];
    if (foreign.length > 0) where.set(instanceId, union(where.get(instanceId) ?? [], foreign));
    return confirmed;
  });
  return {
    drifts,
    conflicts: [...where].map(([instanceId, names]) => ({ instanceId, where: names })),
  };
}

function union(some: readonly string[], others: readonly string[]): readonly string[] {
  return [...new Set([...some, ...others])];
}

export interface Confirmation {
  readonly note: DriftNote;
  /** Null: the wallet or a saga decided before pool state and Docker were asked. */
  readonly observation: BotObservation | null;
}

export interface ObservedBefore {
  readonly held: AccountAllocation | undefined;
  readonly holder: SagaId | undefined;
  readonly nowMs: number;
}

/** The second observation of one bot: whether a run would repair it, else why not. */
export async function confirmBot(
  ports: ConfirmPorts,
  user: BotOwner,
  note: DriftNote,
  { held, holder, nowMs }: ObservedBefore,
  call: BotsCall,
): Promise<Confirmation> {
  if (holder !== undefined) return { note: skip(note, 'open-saga', holder), observation: null };
  const inWallet = await confirmInWallet(ports, user, note, held);
  if (inWallet.outcome !== 'observed') return { note: inWallet, observation: null };
  const holdsAllocation = note.allocation !== null;
  const { instanceId } = note;
  const observation = await observeBot(ports, { ...user, instanceId, holdsAllocation }, call);
  return { note: judgeAgain(inWallet, observation, nowMs), observation };
}

function judgeAgain(note: DriftNote, observation: BotObservation, nowMs: number): DriftNote {
  const { poolState, docker } = observation;
  const confirmed = { ...note, second: { poolState, docker } };
  if (isPending(observation, nowMs))
    return skip(confirmed, 'pending', observation.entry?.mapping?.createdAt ?? null);
  const hasAllocation = note.allocation !== null;
  const isDedicated = observation.observedBots.some(({ kind }) => kind === 'dedicated');
  const verdict = judgePresence({ hasAllocation, poolState, docker, isDedicated });
  if (verdict === note.verdict) return { ...confirmed, outcome: 'confirmed' };
  if (verdict === 'unknown') return skip(confirmed, 'unknown', observation.reasons.join('; '));
  return resolved(confirmed, `now ${verdict}`);
}

// Still `observed`, with the incarnation, where the wallet says what it said at the first observation.
async function confirmInWallet(
  { wallets, tombstones }: ConfirmPorts,
  { userId }: BotOwner,
  note: DriftNote,
  held: AccountAllocation | undefined,
): Promise<DriftNote> {
  const { instanceId, allocation } = note;
  if (allocation === null) return held === undefined ? note : resolved(note, 'allocated');
  if (held === undefined) return resolved(note, 'not allocated any more');
  if (factsOf(held).facts !== allocation.facts) return skip(note, 'changed', null);
  const reading = await wallets.readAllocation(userId, instanceId);
  if (reading.status !== 'present') return resolved(note, 'not allocated any more');
  const { notMoney, incarnationId } = reading.allocation;
  const named = { ...note, allocation: { ...allocation, incarnationId } };
  // An orphan is owed nothing any more, and a bot that was deleted gets no entry again.
  const payment = await findPayment({ tombstones }, { userId, instanceId }, reading.allocation);
  if (payment !== null) return skip(named, 'settled', payment);
  if (note.verdict === 'orphan' && notMoney !== null) {
    return skip(note, 'not-money', `${notMoney.field}: ${notMoney.found}`);
  }
  return named;
}

type Reading = Extract<AllocationReading, { readonly status: 'present' }>['allocation'];

// What paid this incarnation before; null: nothing. A stale copy of the whole document takes the wallet's own memory
// with it; the tombstone's stays.
async function findPayment(
  { tombstones }: Pick<ConfirmPorts, 'tombstones'>,
  { userId, instanceId }: BotOfUser,
  { settledOpId, incarnationId }: Pick<Reading, 'settledOpId' | 'incarnationId'>,
): Promise<string | null> {
  if (settledOpId !== null) return settledOpId;
  const settled = (await tombstones.findForBot(userId, instanceId)).find(
    ({ status, incarnation }) => status !== 'open' && incarnation.incarnationId === incarnationId,
  );
  return settled?.sagaId ?? null;
}

function resolved(note: DriftNote, detail: string): DriftNote {
  return { ...note, outcome: 'resolved', detail };
}

/** Whether the bot is being made right now. The mapping was dated by another machine's clock: one from the near
 * future is a young one, one from the far future says nothing. @param nowMs database time. */
export function isPending({ entry }: BotObservation, nowMs: number): boolean {
  const mapping = entry?.mapping;
  if (mapping?.status !== 'pending') return false;
  const createdAtMs = Date.parse(mapping.createdAt);
  return Number.isNaN(createdAtMs) || Math.abs(nowMs - createdAtMs) < PENDING_MS;
}

function skip(note: DriftNote, reason: SkipReason, detail: string | null): DriftNote {
  return { ...note, outcome: 'skipped', reason, detail };
}
