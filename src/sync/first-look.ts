// The first look at all bots of one user: three snapshots, one verdict a bot, and what is to be looked at again.
// Reads only.

import type { BotsCall } from '../bots/bots.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { FirebaseUid, InstanceId, UserId } from '../domain/ids.ts';
import { isMoney } from '../domain/money.ts';
import type { AccountAllocation } from '../wallet/accounts.ts';
import { type BotDrift, detectDrift } from './detect-drift.ts';
import { type ObservedSources, observeSources } from './observe-sources.ts';
import type { AllocationNote, DriftNote, RunNotes } from './sync-notes.ts';
import type { SyncPorts, SyncSettings } from './sync-ports.ts';

export interface FirstLook {
  readonly notes: RunNotes;
  readonly sources: ObservedSources;
}

export interface UserToSync {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid | null;
}

export async function lookFirst(
  ports: Pick<SyncPorts, 'accounts' | 'bots' | 'poolStates' | 'hostTrust' | 'settings'>,
  user: UserToSync,
  observedAtMs: number,
  call: BotsCall,
): Promise<FirstLook> {
  const [account, sources] = await Promise.all([
    ports.accounts.find({ userId: user.userId }),
    observeSources(ports, user.firebaseUid, call),
  ]);
  const held = new Map((account?.allocations ?? []).map((bot) => [bot.instanceId, bot]));
  const drifts = detectDrift(sources, user, [...held.keys()]);
  const isNoted = ({ verdict }: BotDrift) => verdict !== 'live' && verdict !== 'nothing';
  return {
    sources,
    notes: {
      observedAtMs,
      runningBots: idsOf(drifts, ({ found }) => found.some(({ running }) => running)),
      validAllocations: idsOf(drifts, isValid),
      drifts: drifts
        .filter(isNoted)
        .map((drift) => noteOf(drift, held.get(drift.instanceId), observedAtMs, ports.settings)),
      conflicts: drifts
        .filter(({ conflicts }) => conflicts.length > 0)
        .map(({ instanceId, conflicts: where }) => ({ instanceId, where })),
      unreadable: account?.unreadableBots ?? [],
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

function noteOf(
  drift: BotDrift,
  allocation: AccountAllocation | undefined,
  observedAtMs: number,
  settings: SyncSettings,
): DriftNote {
  const { instanceId, verdict, presence, reasons } = drift;
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
    detail: isUnknown ? reasons.join('; ') : whereFound(drift),
    sagaId: null,
  };
}

function firstOutcome({ verdict }: BotDrift): DriftNote['outcome'] {
  switch (verdict) {
    case 'orphan':
    case 'lost-entry':
    case 'stale-entry':
      return 'seen';
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

/** What must be the same at the second look. The platform writes the value every few seconds, and what goes with
 * it: those say nothing of whether it is the same money. */
export function factsOf(allocation: AccountAllocation): AllocationNote {
  const { allocatedAt, allocatedAmount, botName } = allocation;
  const value = allocation.currentValue ?? allocatedAmount;
  return {
    life: null,
    value: isMoney(value) ? value : null,
    facts: JSON.stringify([allocatedAt, allocatedAmount, botName]),
  };
}

// An allocation from the future (a clock that was set) waits no longer than one made right now.
function dueAt(
  { verdict }: BotDrift,
  allocation: AccountAllocation | undefined,
  observedAtMs: number,
  { confirmMs, youngMs }: SyncSettings,
): number {
  const confirmAtMs = observedAtMs + confirmMs;
  if (verdict !== 'orphan') return confirmAtMs;
  const allocatedAtMs = Date.parse(String(allocation?.allocatedAt));
  if (Number.isNaN(allocatedAtMs)) return confirmAtMs;
  return Math.max(confirmAtMs, Math.min(allocatedAtMs, observedAtMs) + youngMs);
}

function whereFound({ found }: BotDrift): string | null {
  if (found.length === 0) return null;
  return found.map(({ host, containerName }) => `${containerName} on ${host}`).join(', ');
}
