// The first observation of all bots of one user: three snapshots, one verdict a bot, and what is to be observed again.
// Reads only.

import type { BotsCall } from '../bots/bots.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { InstanceId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { AccountAllocation } from '../wallet/mongodb/accounts.ts';
import { type BotDrift, detectDrift } from './detect-drift.ts';
import { type ObservedSources, observeSources } from './observe-sources.ts';
import { type NamePorts, ownedByName } from './owned-by-name.ts';
import type { SyncPorts, SyncSettings } from './sync-ports.ts';
import type { AllocationNote, DriftNote, RunReport } from './sync-reports.ts';

export interface FirstObservation {
  readonly report: RunReport;
  readonly sources: ObservedSources;
}

/** One user's bots in the three sources at one moment: the one observation, for a run and for a page. */
export interface ObservedBots {
  readonly held: ReadonlyMap<string, AccountAllocation>;
  readonly unreadable: readonly string[];
  readonly drifts: readonly BotDrift[];
  readonly sources: ObservedSources;
}

export type ObservePorts = Pick<SyncPorts, 'accounts' | 'bots' | 'poolStates' | 'hostTrust'> &
  NamePorts;

export async function observeBots(
  ports: ObservePorts,
  user: BotOwner,
  call: BotsCall,
): Promise<ObservedBots> {
  const [account, sources] = await Promise.all([
    ports.accounts.find({ userId: user.userId }),
    observeSources(ports, user.firebaseUid, call),
  ]);
  const held = new Map((account?.allocations ?? []).map((bot) => [bot.instanceId, bot]));
  const named = await ownedByName(ports, user, sources.docker, held);
  const drifts = detectDrift(sources, user, [...held.keys()], named);
  return { held, unreadable: account?.unreadableBots ?? [], drifts, sources };
}

export async function observeFirst(
  ports: ObservePorts & Pick<SyncPorts, 'settings'>,
  user: BotOwner,
  observedAtMs: number,
  call: BotsCall,
): Promise<FirstObservation> {
  const { held, unreadable, drifts, sources } = await observeBots(ports, user, call);
  const isNoted = ({ verdict }: BotDrift) => verdict !== 'live' && verdict !== 'nothing';
  return {
    sources,
    report: {
      observedAtMs,
      runningBots: idsOf(drifts, ({ found }) => found.some(({ running }) => running)),
      validAllocations: idsOf(drifts, isValid),
      drifts: drifts
        .filter(isNoted)
        .map((drift) => noteOf(drift, held.get(drift.instanceId), observedAtMs, ports.settings)),
      conflicts: drifts
        .filter(({ conflicts }) => conflicts.length > 0)
        .map(({ instanceId, conflicts: where }) => ({ instanceId, where })),
      unreadable,
      orphans: null,
    },
  };
}

function idsOf(
  drifts: readonly BotDrift[],
  isOne: (drift: BotDrift) => boolean,
): readonly InstanceId[] {
  return drifts.filter(isOne).map(({ instanceId }) => instanceId);
}

function isValid({ verdict }: BotDrift): boolean {
  return verdict === 'live' || verdict === 'lost-entry';
}

export function noteOf(
  drift: BotDrift,
  allocation: AccountAllocation | undefined,
  observedAtMs: number,
  settings: Pick<SyncSettings, 'confirmMs' | 'youngMs'>,
): DriftNote {
  const { instanceId, verdict, presence } = drift;
  const { poolState, docker } = presence;
  const isUnknown = verdict === 'unknown';
  return {
    instanceId,
    botName: typeof allocation?.botName === 'string' ? allocation.botName : instanceId,
    verdict,
    first: { poolState, docker },
    second: null,
    allocation: allocation === undefined ? null : factsOf(allocation),
    dueAtMs: dueAt(drift, allocation, observedAtMs, settings),
    outcome: firstOutcome(drift),
    reason: isUnknown ? 'unknown' : null,
    detail: isUnknown ? whyUnknown(drift) : whereFound(drift),
    sagaId: null,
  };
}

function firstOutcome({ verdict }: BotDrift): DriftNote['outcome'] {
  switch (verdict) {
    case 'orphan':
    case 'lost-entry':
    case 'stale-entry':
      return 'observed';
    case 'ghost':
      return 'reported';
    case 'unknown':
      return 'skipped';
    case 'live':
    case 'nothing':
      return 'resolved';
    default:
      return assertNever(verdict);
  }
}

/** What must be the same at the second observation. The platform writes the value every few seconds, and what goes with
 * it: those say nothing of whether it is the same money. */
export function factsOf(allocation: AccountAllocation): AllocationNote {
  const { allocatedAt, allocatedAmount, botName } = allocation;
  const value = allocation.currentValue ?? allocatedAmount;
  return {
    incarnationId: null,
    value: isMoney(value) ? value : null,
    facts: JSON.stringify([allocatedAt, allocatedAmount, botName]),
  };
}

// An allocation from the future (a clock that was set) waits no longer than one made right now.
function dueAt(
  { verdict }: BotDrift,
  allocation: AccountAllocation | undefined,
  observedAtMs: number,
  { confirmMs, youngMs }: Pick<SyncSettings, 'confirmMs' | 'youngMs'>,
): number {
  const confirmAtMs = observedAtMs + confirmMs;
  if (verdict !== 'orphan') return confirmAtMs;
  const allocatedAtMs = Date.parse(String(allocation?.allocatedAt));
  if (Number.isNaN(allocatedAtMs)) return confirmAtMs;
  return Math.max(confirmAtMs, Math.min(allocatedAtMs, observedAtMs) + youngMs);
}

function whyUnknown({ doubts: { poolState, docker } }: BotDrift): string {
  const ofPools = poolState === null ? null : `pool state: ${poolState}`;
  return [ofPools, docker].filter((reason) => reason !== null).join('; ');
}

function whereFound({ found }: BotDrift): string | null {
  if (found.length === 0) return null;
  return found.map(({ host, containerName }) => `${containerName} on ${host}`).join(', ');
}
