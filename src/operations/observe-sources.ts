// One observation of each source for one bot, and what it found in words. The same observations that a deletion decides
// by, so that an operator is shown what the saga would see.

import type { SagaRecord } from '@reclaim/saga';
import { aboutBotOf } from '../bots/locate-owned.ts';
import { settlementOpId } from '../domain/incarnation.ts';
import { formatMinor } from '../domain/money.ts';
import { reserveOpId } from '../domain/reservation.ts';
import { ok, type SourceAnswer, unknown } from '../domain/source.ts';
import { findOwnEntry } from '../pool-state/owned-entry.ts';
import type { BotOfOwner } from '../pool-state/ownership.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';
import { PROVISION_BOT } from '../provisioning/provision-bot.ts';
import { type BotObservation, type ObserveBotPorts, observeBot } from '../sync/observe-bot.ts';
import type { Tombstone, Tombstones } from '../tombstones/tombstones.ts';
import type { Ledger } from '../wallet/ledger.ts';
import type { Accounts } from '../wallet/mongodb/accounts.ts';
import type { AllocationFacts } from '../wallet/wallets.ts';
import { describeEntry, describeObservedBots, inDollars } from './describe.ts';
import type { SourceName } from './expected-state.ts';

export interface SourcePorts extends ObserveBotPorts {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly tombstones: Pick<Tombstones, 'findForBot'>;
  readonly ledger: Pick<Ledger, 'find'>;
}

export interface SourceState {
  readonly status: 'present' | 'absent';
  readonly observed: string;
}

type ObserveSource = (signal: AbortSignal) => Promise<SourceAnswer<SourceState>>;

interface BotOfIncarnation extends BotOfOwner {
  /** Of the incarnation that the saga is about; null: it has not observed yet. */
  readonly incarnationId: string | null;
}

export function createSourceObservers(
  ports: SourcePorts,
  saga: SagaRecord,
  bot: BotOfIncarnation,
): Readonly<Record<SourceName, ObserveSource>> {
  return {
    wallet: () => observeWallet(ports, saga, bot),
    'pool-state': (signal) => observePoolState(ports, bot, signal),
    docker: (signal) => observeDocker(ports, bot, signal),
    tombstone: async () => {
      const all = await ports.tombstones.findForBot(bot.userId, bot.instanceId);
      return state(tombstoneOf(all, saga), 'none', (one) => describeTombstone(one, saga));
    },
    ledger: () => observeLedger(ports, saga, bot),
  };
}

function state<T>(found: T | null, absent: string, describe: (found: T) => string) {
  const answer: SourceState =
    found === null
      ? { status: 'absent', observed: absent }
      : { status: 'present', observed: describe(found) };
  return ok(answer, new Date());
}

async function observeWallet(
  { wallets, accounts }: SourcePorts,
  saga: SagaRecord,
  { userId, instanceId }: BotOfOwner,
): Promise<SourceAnswer<SourceState>> {
  const [reading, account] = await Promise.all([
    wallets.readAllocation(userId, instanceId),
    accounts.find({ userId }),
  ]);
  if (reading.status === 'account-gone') return state(null, 'no account', String);
  const held = account?.allocations.find((one) => one.instanceId === instanceId);
  const allocation = reading.status === 'present' ? reading.allocation : null;
  return state(allocation, 'no allocation', (facts) =>
    describeAllocation(facts, held?.allocatedAmount, saga),
  );
}

function describeAllocation(
  { lock, value, notMoney, settledOpId }: AllocationFacts,
  allocated: unknown,
  { id }: SagaRecord,
): string {
  const by = lock !== null && lock.sagaId !== id ? ` by ${lock.sagaId}` : '';
  const locked = lock === null ? 'not locked' : `locked${by}${lock.aborting ? ' as aborting' : ''}`;
  const worth =
    notMoney === null ? inDollars(value) : `${notMoney.field} is not money: ${notMoney.found}`;
  const of = typeof allocated === 'number' ? ` of ${inDollars(allocated)} allocated` : '';
  return `${locked}, ${worth}${of}${settledOpId === null ? '' : '; paid back before'}`;
}

async function observePoolState(
  { poolStates }: SourcePorts,
  bot: BotOfOwner,
  signal: AbortSignal,
): Promise<SourceAnswer<SourceState>> {
  const about = aboutBotOf(bot, bot.instanceId);
  const pools = forBot(await poolStates.read({ signal, about }), bot.instanceId);
  if (pools.status === 'unknown') return pools;
  const { entry, hasForeign } = findOwnEntry(pools.items, bot.instanceId, bot);
  const note = hasForeign ? "; another user's entry has this id" : '';
  return state(entry, `no entry${note}`, (own) => describeEntry(own) + note);
}

// The whole observation, with its doubt about hosts that hold nothing: an absence that a saga would not accept is
// unknown.
async function observeDocker(
  ports: SourcePorts,
  bot: BotOfOwner,
  signal: AbortSignal,
): Promise<SourceAnswer<SourceState>> {
  const reading = await ports.wallets.readAllocation(bot.userId, bot.instanceId);
  const holdsAllocation = reading.status === 'present';
  const observation = await observeBot(ports, { ...bot, holdsAllocation }, { signal });
  if (observation.docker === 'unknown') return unknown(observation.reasons.join('; '));
  const note = foreignNote(observation);
  const observedBots = observation.docker === 'yes' ? observation.observedBots : null;
  return state(
    observedBots,
    `no container${note}`,
    (observed) => describeObservedBots(observed) + note,
  );
}

function foreignNote({ foreign }: BotObservation): string {
  return foreign.length === 0 ? '' : `; not this bot's: ${foreign.join(', ')}`;
}

/** The saga's own, else the newest. */
function tombstoneOf(all: readonly Tombstone[], { id }: SagaRecord): Tombstone | null {
  return all.find(({ sagaId }) => sagaId === id) ?? all[0] ?? null;
}

function describeTombstone(
  { status, sagaId, attempts, lastReason }: Tombstone,
  { id }: SagaRecord,
): string {
  const of = sagaId === id ? '' : `, of ${sagaId}`;
  const observations = attempts === 0 ? '' : `, checked ${attempts} times`;
  return `${status}${of}${observations}${lastReason === null ? '' : `: ${lastReason}`}`;
}

async function observeLedger(
  { ledger }: SourcePorts,
  { id, kind }: SagaRecord,
  { userId, instanceId, incarnationId }: BotOfIncarnation,
): Promise<SourceAnswer<SourceState>> {
  if (kind === PROVISION_BOT) return entryOf(ledger, reserveOpId(id), 'reservation');
  if (incarnationId === null)
    return unknown('the saga has not observed which incarnation it is about');
  return entryOf(ledger, settlementOpId({ userId, instanceId, incarnationId }), 'settlement');
}

async function entryOf(ledger: SourcePorts['ledger'], opId: string, what: string) {
  const entry = await ledger.find(opId);
  return state(entry, 'no entry', ({ amountMinor }) => {
    const amount = amountMinor === null ? 'no number' : formatMinor(Math.abs(amountMinor));
    return `${what} of ${amount}`;
  });
}
