// A user's bots side by side in the three sources, as the page shows them: by the observation of a synchronisation,
// both halves of it, so that no page promises money that the next run does not return. I4: a source that did not answer
// says unknown for every bot it could hide.

import { botKey } from '../deletion/bot-key.ts';
import { isAtRest } from '../domain/bot.ts';
import type { InstanceId } from '../domain/ids.ts';
import { mapBounded } from '../domain/map-bounded.ts';
import { isMoney } from '../domain/money.ts';
import { judgePresence, type PresenceAnswer } from '../domain/presence.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { AccountAllocation } from '../wallet/mongodb/accounts.ts';
import type {
  AllocationState,
  BotVerdict,
  BotView,
  ContainerState,
  PoolEntryState,
} from './bot-view.ts';
import { type Confirmation, type ConfirmPorts, confirmBot } from './confirm-bots.ts';
import type { BotDrift } from './detect-drift.ts';
import type { FoundBot } from './docker-view.ts';
import { noteOf, observeBots } from './first-observation.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { SkipReason } from './sync-reports.ts';

export interface BotViewPorts extends ConfirmPorts, Pick<SyncPorts, 'accounts' | 'hostTrust'> {
  readonly sagas: Pick<SyncPorts['sagas'], 'findHolders'>;
  /** Database time. */
  readonly nowMs: () => number;
}

/** A page load must not wait for a host that hangs: after this its bots are unknown. */
const CHECK_TIMEOUT_MS = 5_000;
/** Orphans confirmed side by side, as in a run. */
const WIDTH = 4;
/** Both observations are of now. */
const AT_ONCE = { confirmMs: 0, youngMs: 0 } as const;

/** Every bot that any of the three sources knows as this user's, by its id. */
export async function viewBots(ports: BotViewPorts, owner: BotOwner): Promise<readonly BotView[]> {
  const call = { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) };
  const { held, drifts } = await observeBots(ports, owner, call);
  const keyOf = ({ instanceId }: BotDrift) => botKey({ ...owner, instanceId });
  const holders = await ports.sagas.findHolders(drifts.map(keyOf));
  const views = new Map<InstanceId, BotView>();
  const orphans: BotDrift[] = [];
  for (const drift of drifts) {
    const allocation = held.get(drift.instanceId);
    const view = viewOf(drift, allocation);
    // Without money it is one whose deletion has paid, and has not removed it yet.
    const isHeld = drift.verdict === 'ghost' || allocation?.lockedBy !== undefined;
    const isLocked = isHeld && holders.has(keyOf(drift));
    views.set(drift.instanceId, isLocked ? { ...view, verdict: 'busy' } : view);
    if (drift.verdict === 'orphan' && !isLocked) orphans.push(drift);
  }
  await mapBounded(orphans, WIDTH, async (drift) => {
    const observed = { held: held.get(drift.instanceId), holder: holders.get(keyOf(drift)) };
    const nowMs = ports.nowMs();
    const note = noteOf(drift, observed.held, nowMs, AT_ONCE);
    const confirmed = await confirmBot(ports, owner, note, { ...observed, nowMs }, call);
    views.set(drift.instanceId, viewConfirmed(viewOf(drift, observed.held), confirmed));
  });
  return [...views.values()];
}

interface Observed {
  readonly poolState: PresenceAnswer;
  readonly docker: PresenceAnswer;
  readonly entry: BotDrift['entry'];
  readonly found: readonly Pick<FoundBot, 'kind' | 'host' | 'containerName' | 'running'>[];
  readonly doubts: BotDrift['doubts'];
}

function viewOf(drift: BotDrift, allocation: AccountAllocation | undefined): BotView {
  const { instanceId, verdict, presence } = drift;
  return {
    instanceId,
    botName: textOrNull(allocation?.botName),
    allocation: allocationState(allocation),
    ...placesOf({ ...drift, ...presence }),
    verdict,
  };
}

const VETOES: Partial<Record<SkipReason, BotVerdict>> = {
  'open-saga': 'busy',
  pending: 'pending',
  settled: 'settled',
  'not-money': 'not-money',
};

// What the second observation found counts: it asks the wallets, too, whose a container is.
function viewConfirmed(view: BotView, { note, observation }: Confirmation): BotView {
  const veto = note.reason === null ? undefined : VETOES[note.reason];
  if (veto !== undefined) return { ...view, verdict: veto };
  if (observation === null)
    return { ...view, allocation: { status: 'absent' }, verdict: 'nothing' };
  const { poolState, docker, observedBots, reasons } = observation;
  const found = observedBots.map((one) => ({ ...one, running: !isAtRest(one) }));
  const why = reasons.join('; ');
  const isDedicated = found.some(({ kind }) => kind === 'dedicated');
  return {
    ...view,
    ...placesOf({ ...observation, found, doubts: { poolState: why, docker: why } }),
    verdict: judgePresence({ hasAllocation: true, poolState, docker, isDedicated }),
  };
}

function placesOf({ poolState, docker, entry, found, doubts }: Observed) {
  return {
    poolState: entryState(poolState, entry, doubts),
    docker: containerState(docker, found, doubts),
  };
}

function entryState(
  observed: PresenceAnswer,
  entry: Observed['entry'],
  doubts: Observed['doubts'],
): PoolEntryState {
  if (observed === 'unknown') {
    return { status: 'unknown', code: 'POOL_STATE_UNKNOWN', reason: doubts.poolState ?? '' };
  }
  if (entry === null) return { status: 'absent' };
  const poolId = entry.mapping?.poolId ?? entry.memberships[0]?.poolId ?? null;
  return { status: 'present', poolId, botStatus: entry.mapping?.status ?? null };
}

function containerState(
  observed: PresenceAnswer,
  found: Observed['found'],
  doubts: Observed['doubts'],
): ContainerState {
  const shown = found.find(({ running }) => running) ?? found[0];
  if (shown !== undefined) {
    const { kind, host, containerName, running } = shown;
    return { status: 'present', kind, host, containerName, running };
  }
  return observed === 'unknown'
    ? { status: 'unknown', code: 'DOCKER_UNKNOWN', reason: doubts.docker ?? '' }
    : { status: 'absent' };
}

function allocationState(allocation: AccountAllocation | undefined): AllocationState {
  if (allocation === undefined) return { status: 'absent' };
  return {
    status: 'present',
    allocatedAmount: allocation.allocatedAmount,
    currentValue: allocation.currentValue,
    worth: worthOf(allocation),
    allocatedAt: textOrNull(allocation.allocatedAt),
    jobId: allocation.lockedBy?.sagaId ?? null,
  };
}

// By the rule of the lock: what it is worth now, and what was put in where no worth was written.
function worthOf({ currentValue, allocatedAmount }: AccountAllocation): number | null {
  const value = currentValue ?? allocatedAmount;
  return isMoney(value) && isMoney(allocatedAmount) ? value : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
