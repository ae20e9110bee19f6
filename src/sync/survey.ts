// The first observation of all users: Docker and the pool state are read once, users stream by, and only what drifted
// is kept. Its memory grows with the bots that exist, not with the users; its time with both.

import type { FencedCall } from '../bots/bots.ts';
import { botKey } from '../deletion/bot-key.ts';
import type { Verdict } from '../domain/presence.ts';
import { judgeBot, type SourcesView } from './detect-drift.ts';
import { findLeftovers } from './leftovers.ts';
import type { UserHoldings } from './mongodb/holdings.ts';
import type { RunDrift } from './mongodb/run-drifts.ts';
import { type ObservedSources, observeSources } from './observe-sources.ts';
import type { SurveyTotals } from './sync-all-report.ts';
import type { SyncAllPorts } from './sync-ports.ts';

export interface SurveyOrder {
  /** Of this attempt alone, what it finds is listed under. */
  readonly listId: string;
  /** Database time, ms. */
  readonly beganAtMs: number;
  /** Orphans kept for repair; the rest are counted. Beyond it a guard stops the run. */
  readonly keepOrphans: number;
  /** Whether the hosts' contents are noted: a rehearsal changes nothing. */
  readonly isNoted: boolean;
}

const MAX_REASONS = 20;
/** Drifts that wait to be written together. */
const FLUSH = 500;

/** What a survey asks; less than a run needs. */
export interface SurveyPorts {
  readonly bots: Pick<SyncAllPorts['bots'], 'hosts' | 'list' | 'hasManaged'>;
  readonly poolStates: Pick<SyncAllPorts['poolStates'], 'read'>;
  readonly hostTrust: SyncAllPorts['hostTrust'];
  readonly holdings: SyncAllPorts['holdings'];
  readonly runDrifts: Pick<SyncAllPorts['runDrifts'], 'add'>;
  readonly hostRecords: Pick<SyncAllPorts['hostRecords'], 'find' | 'noteListing'>;
  readonly sagas: Pick<SyncAllPorts['sagas'], 'findHolders'>;
}

export async function surveyAll(
  ports: SurveyPorts,
  { listId, beganAtMs, keepOrphans, isNoted }: SurveyOrder,
  call: FencedCall,
): Promise<SurveyTotals> {
  const sources = await observeHosts(ports, isNoted, call);
  const tally = createTally();
  // Of what Docker shows the view knows it; this is for entries without a bot.
  const allocatedEntries = new Set<string>();
  let found: RunDrift[] = [];
  let room = keepOrphans;

  async function flush(): Promise<void> {
    const drifts = await weigh(ports, await withoutHeld(ports, found, tally));
    found = [];
    for (const { valueMinor } of drifts) tally.orphanValueMinor += valueMinor ?? 0;
    tally.orphans += drifts.filter(({ verdict }) => verdict === 'orphan').length;
    const orphans = drifts.filter(({ verdict }) => verdict === 'orphan').slice(0, room);
    room -= orphans.length;
    const others = drifts.filter(({ verdict }) => verdict !== 'orphan');
    await ports.runDrifts.add(listId, [...orphans, ...others], call.fence);
  }

  const onUnreadable = () => {
    tally.unreadableUsers += 1;
  };
  for await (const users of ports.holdings.stream({ signal: call.signal, onUnreadable })) {
    for (const user of users) judgeUser(sources, user, tally, allocatedEntries, found);
    if (found.length >= FLUSH) await flush();
  }
  const leftovers = await findLeftovers(ports, sources, allocatedEntries);
  found.push(...leftovers.drifts);
  await flush();
  return {
    listId,
    beganAtMs,
    ...tally,
    containers: leftovers.containers,
    staleEntries: leftovers.staleEntries,
    ghosts: leftovers.ghosts,
    ghostSample: leftovers.ghostSample,
    reasons: reasonsOf(sources),
    isPoolStateUnknown: sources.pools.status === 'unknown',
  };
}

// Noted at once: the walk over the users takes minutes, and a bot that is deleted meanwhile would be remembered as if it
// had been seen after its end.
async function observeHosts(
  ports: SurveyPorts,
  isNoted: boolean,
  call: FencedCall,
): Promise<ObservedSources> {
  if (!isNoted) return observeSources(ports, null, call);
  const { bots, hostRecords } = ports;
  const before = await hostRecords.find(bots.hosts());
  const sources = await observeSources(ports, null, call);
  for (const [host, contents] of sources.contents) {
    await hostRecords.noteListing(host, contents, before.get(host));
  }
  return sources;
}

function createTally() {
  return {
    users: 0,
    allocations: 0,
    live: 0,
    orphans: 0,
    orphanValueMinor: 0,
    lostEntries: 0,
    unknown: 0,
    held: 0,
    unreadableUsers: 0,
  };
}

type Tally = ReturnType<typeof createTally>;

const KEPT: ReadonlySet<Verdict> = new Set(['orphan', 'lost-entry']);

// The hot loop of a run: some microseconds an allocation.
function judgeUser(
  sources: SourcesView,
  { userId, firebaseUid, instanceIds }: UserHoldings,
  tally: Tally,
  allocatedEntries: Set<string>,
  found: RunDrift[],
): void {
  tally.users += 1;
  const owner = { userId, firebaseUid };
  for (const instanceId of instanceIds) {
    tally.allocations += 1;
    const { verdict, presence } = judgeBot(sources, owner, instanceId, true);
    const { poolState, docker } = presence;
    if (docker === 'yes') sources.docker.claim(instanceId);
    else if (poolState === 'yes') allocatedEntries.add(instanceId);
    if (verdict === 'live') tally.live += 1;
    if (verdict === 'unknown') tally.unknown += 1;
    if (verdict === 'lost-entry') tally.lostEntries += 1;
    if (!KEPT.has(verdict)) continue;
    found.push({ userId, firebaseUid, instanceId, verdict, poolState, docker, valueMinor: null });
  }
}

// A bot that a saga holds is on its way somewhere: it is neither counted as an orphan nor observed again.
async function withoutHeld(
  { sagas }: SurveyPorts,
  drifts: readonly RunDrift[],
  tally: Tally,
): Promise<readonly RunDrift[]> {
  const holders = await sagas.findHolders(drifts.map(botKey));
  const free = drifts.filter((drift) => !holders.has(botKey(drift)));
  tally.held += drifts.length - free.length;
  return free;
}

async function weigh(
  { holdings }: SurveyPorts,
  drifts: readonly RunDrift[],
): Promise<readonly RunDrift[]> {
  const orphans = drifts.filter(({ verdict }) => verdict === 'orphan');
  const worth = await holdings.worth(orphans);
  const byBot = new Map(worth.map((bot) => [botKey(bot), bot.valueMinor]));
  return drifts.map((drift) => ({ ...drift, valueMinor: byBot.get(botKey(drift)) ?? null }));
}

function reasonsOf({ pools, docker }: SourcesView): readonly string[] {
  const poolState = pools.status === 'unknown' ? [`pool state: ${pools.reason}`] : [];
  return [...poolState, ...docker.doubts()].slice(0, MAX_REASONS);
}
