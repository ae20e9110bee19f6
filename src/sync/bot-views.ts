// A user's bots side by side in the three sources, as one look shows them. I4: a source that did not answer says
// unknown for every bot it could hide.

import type { Bots, HostListing } from '../bots/bots.ts';
import type { HostTrust } from '../bots/hosts/host-trust.ts';
import { placedOn } from '../bots/hosts/placed-bots.ts';
import { isAtRest, type Sighting } from '../domain/bot.ts';
import { type FirebaseUid, type InstanceId, parseInstanceId, type UserId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import { judgePresence, type Seen, type Verdict } from '../domain/presence.ts';
import type { SourceAnswer } from '../domain/source.ts';
import { findOwnEntry } from '../pool-state/owned-entry.ts';
import { isOwner, judgeOwner, uidOfPoolName } from '../pool-state/ownership.ts';
import { listedBots, type PoolState } from '../pool-state/pool-state.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import { forBot } from '../pool-state/unreadable-rows.ts';
import type { AccountAllocation, Accounts } from '../wallet/accounts.ts';
import { type BotVerdict, refineVerdict, type VetoPorts } from './bot-verdict.ts';

export interface PortfolioOwner {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
}

export interface BotView {
  readonly instanceId: string;
  readonly botName: string | null;
  readonly allocation: AllocationState;
  readonly poolState: PoolEntryState;
  readonly docker: ContainerState;
  /** What a synchronisation would make of it at one look; it takes two before it acts. */
  readonly verdict: BotVerdict;
}

interface Absent {
  readonly status: 'absent';
}

interface Unknown {
  readonly status: 'unknown';
  readonly reason: string;
}

export type AllocationState =
  | {
      readonly status: 'present';
      /** As stored, even where it is not money. */
      readonly allocatedAmount: unknown;
      readonly currentValue: unknown;
      /** What would come back now; null where the numbers are no amount that can be paid. */
      readonly worth: number | null;
      readonly allocatedAt: string | null;
      /** The saga that is closing it. */
      readonly jobId: string | null;
    }
  | Absent;

export type PoolEntryState =
  | {
      readonly status: 'present';
      readonly poolId: string | null;
      readonly botStatus: string | null;
    }
  | Absent
  | Unknown;

export type ContainerState =
  | {
      readonly status: 'present';
      readonly kind: 'dedicated' | 'pooled';
      readonly host: string;
      readonly containerName: string;
      readonly running: boolean;
    }
  | Absent
  | Unknown;

export interface BotViewPorts extends VetoPorts {
  readonly accounts: Accounts;
  readonly poolStates: PoolStates;
  readonly bots: Bots;
  readonly hostTrust: HostTrust;
}

/** A page load must not wait for a host that hangs: after this its bots are unknown. */
const LOOK_TIMEOUT_MS = 5_000;

/** Every bot that any of the three sources knows as this user's, by its id. */
export async function viewBots(
  ports: BotViewPorts,
  owner: PortfolioOwner,
): Promise<readonly BotView[]> {
  const { accounts, poolStates, bots, hostTrust } = ports;
  const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  const [account, pools, hosts] = await Promise.all([
    accounts.find({ userId: owner.userId }),
    poolStates.read({ signal }),
    Promise.all(bots.hosts().map((host) => bots.list(host, owner.firebaseUid, { signal }))),
  ]);
  const allocations = account?.allocations ?? [];
  const held = new Set<string>(allocations.map(({ instanceId }) => instanceId));
  const docker = ownContainers(hosts, owner, pools, held);
  const doubt = docker.doubt ?? (await distrustOf({ bots, hostTrust }, hosts, pools, signal));
  const renamed = hosts.flatMap(({ doubts = [] }) => doubts);
  const unseen = (id: string) => {
    const why = doubt ?? renamed.find(({ mayBe }) => mayBe(id))?.reason ?? null;
    return unseenState(why, homeOf(pools, id, owner), bots.hosts());
  };
  const ids = new Set<string>([
    ...allocations.map(({ instanceId }) => instanceId),
    ...ownEntries(pools, owner),
    ...docker.found.keys(),
  ]);
  const views = [...ids].sort().map(async (instanceId) => {
    const allocation = allocations.find((held) => held.instanceId === instanceId);
    const places = {
      allocation: allocationState(allocation),
      poolState: entryState(pools, instanceId, owner),
      docker: docker.found.get(instanceId) ?? unseen(instanceId),
    };
    const botName = textOrNull(allocation?.botName);
    const verdict = await refineVerdict(ports, owner.userId, allocation, verdictOn(places));
    return { instanceId, botName, ...places, verdict };
  });
  return Promise.all(views);
}

function allocationState(allocation: AccountAllocation | undefined): AllocationState {
  if (allocation === undefined) return { status: 'absent' };
  return {
    status: 'present',
    allocatedAmount: allocation.allocatedAmount,
    currentValue: allocation.currentValue,
    worth: worthOf(allocation),
    allocatedAt: textOrNull(allocation.allocatedAt),
    jobId: allocation.closing?.sagaId ?? null,
  };
}

// By the rule of the lock: what it is worth now, and what was put in where nobody has written a worth.
function worthOf({ currentValue, allocatedAmount }: AccountAllocation): number | null {
  const value = currentValue ?? allocatedAmount;
  return isMoney(value) && isMoney(allocatedAmount) ? value : null;
}

function verdictOn(bot: Pick<BotView, 'allocation' | 'poolState' | 'docker'>): Verdict {
  return judgePresence({
    hasAllocation: bot.allocation.status === 'present',
    poolState: SEEN[bot.poolState.status],
    docker: SEEN[bot.docker.status],
    isDedicated: bot.docker.status === 'present' && bot.docker.kind === 'dedicated',
  });
}

const SEEN: Readonly<Record<ContainerState['status'], Seen>> = {
  present: 'yes',
  absent: 'no',
  unknown: 'unknown',
};

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function ownEntries(pools: SourceAnswer<PoolState>, owner: PortfolioOwner): readonly string[] {
  if (pools.status === 'unknown') return [];
  return listedBots(pools.items).filter((id) => ownEntry(pools.items, id, owner) !== null);
}

function ownEntry(state: PoolState, id: string, owner: PortfolioOwner) {
  const instanceId = parseInstanceId(id);
  return instanceId === undefined ? null : findOwnEntry(state, instanceId, owner).entry;
}

function entryState(
  pools: SourceAnswer<PoolState>,
  id: string,
  owner: PortfolioOwner,
): PoolEntryState {
  const said = forBot(pools, id);
  if (said.status === 'unknown') return { status: 'unknown', reason: said.reason };
  const entry = ownEntry(said.items, id, owner);
  if (entry === null) return { status: 'absent' };
  const poolId = entry.mapping?.poolId ?? entry.memberships[0]?.poolId ?? null;
  return { status: 'present', poolId, botStatus: entry.mapping?.status ?? null };
}

// One host or pool that could not be asked may hide any bot that was not found elsewhere.
function ownContainers(
  hosts: readonly HostListing[],
  owner: PortfolioOwner,
  pools: SourceAnswer<PoolState>,
  held: ReadonlySet<string>,
): { readonly found: ReadonlyMap<string, ContainerState>; readonly doubt: string | null } {
  const state = pools.status === 'ok' ? pools.items : null;
  const found = new Map<string, ContainerState>();
  const reasons: string[] = [];
  for (const { answer, unknownPools } of hosts) {
    reasons.push(...unknownPools.map(({ reason }) => reason));
    if (answer.status === 'unknown') {
      reasons.push(answer.reason);
      continue;
    }
    for (const { instanceId, sighting } of answer.items) {
      const id: InstanceId | undefined = parseInstanceId(instanceId);
      if (id === undefined) continue;
      const isTheirs = judgeForPage(sighting, id, owner, state, held);
      if (isTheirs === 'disputed' && !found.has(id)) found.set(id, IN_DISPUTE);
      if (isTheirs !== true) continue;
      const { kind, host, containerName } = sighting;
      const running = !isAtRest(sighting);
      found.set(instanceId, { status: 'present', kind, host, containerName, running });
    }
  }
  return { found, doubt: reasons[0] ?? null };
}

// As a synchronisation holds it: a host that lists nothing at all although bots were known to be there is not believed.
async function distrustOf(
  { bots, hostTrust }: Pick<BotViewPorts, 'bots' | 'hostTrust'>,
  hosts: readonly HostListing[],
  pools: SourceAnswer<PoolState>,
  signal: AbortSignal,
): Promise<string | null> {
  const silent = hosts.filter(({ answer }) => answer.status === 'ok' && answer.items.length === 0);
  const isNowhereElse = silent.length === bots.hosts().length;
  const state = pools.status === 'ok' ? pools.items : null;
  const judged = await Promise.all(
    silent.map(({ host }) =>
      hostTrust.judge(host, { placedByFile: placedOn(state, host, isNowhereElse) }, { signal }),
    ),
  );
  const untrusted = judged.find((one) => one !== 'trusted');
  return untrusted?.unknown ?? null;
}

/** The Docker host that the bot's own mapping names. */
function homeOf(pools: SourceAnswer<PoolState>, id: string, owner: PortfolioOwner) {
  return pools.status === 'ok' ? ownEntry(pools.items, id, owner)?.mapping?.dockerHost : undefined;
}

function unseenState(
  doubt: string | null,
  home: string | undefined,
  hosts: readonly string[],
): ContainerState {
  const isUnasked = home !== undefined && !hosts.includes(home);
  const reason = isUnasked ? `docker host "${home}" is not configured` : doubt;
  return reason === null ? { status: 'absent' } : { status: 'unknown', reason };
}

// A container that nothing but its name speaks for is shown to the user whose uid it begins with, and one in dispute
// to the user whose wallet holds its money; whoever deletes it is held to the full rule.
function judgeForPage(
  sighting: Sighting,
  id: InstanceId,
  owner: PortfolioOwner,
  pools: PoolState | null,
  held: ReadonlySet<string>,
): boolean | 'disputed' {
  switch (judgeOwner(sighting, id, owner, pools)) {
    case 'mine':
      return true;
    case 'foreign':
      return false;
    case 'undecided':
      return id.startsWith(`${owner.firebaseUid}-bot-`);
    case 'disputed': {
      if (!held.has(id)) return false;
      const place = uidOfPoolName(sighting.containerName);
      return place !== null && isOwner(owner, place) ? true : 'disputed';
    }
  }
}

const IN_DISPUTE = {
  status: 'unknown',
  reason: 'something of this id stands there, and its owner is in dispute',
} as const;
