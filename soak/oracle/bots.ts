// Every bot is wholly there or wholly gone, as its sagas' ends promise (I1), and nothing in one source is without the
// others (I3). What was paid back as an orphan was one (I4).

import type { Document } from 'mongodb';
import type { BotMapping } from '../../src/pool-state/pool-state.ts';
import type { FaultSource } from '../faults/fault-source.ts';
import type { Verdict } from '../verdict.ts';
import type { Evidence, SagaEvidence } from './evidence.ts';

interface BotEvidence {
  readonly instanceId: string;
  readonly allocation: Document | undefined;
  readonly containers: readonly Document[];
  readonly isMapped: boolean;
  readonly mapping: BotMapping | undefined;
  /** The platform's stale copy made it pending again, so that a synchronisation leaves it alone and says so. */
  readonly isVetoed: boolean;
  readonly isListed: boolean;
  /** How often money was set aside for it. */
  readonly funded: number;
  readonly payments: number;
  readonly isPooled: boolean;
}

const REMOVING: ReadonlySet<string> = new Set(['delete-bot', 'reclaim-orphan']);

/** What befell bots that nobody deleted. */
type Mishaps = Pick<FaultSource, 'lost' | 'crashed'>;

export function judgeBots(evidence: Evidence, faultSource: Mishaps, verdict: Verdict): void {
  const sagas = Map.groupBy(evidence.sagas, ({ instanceId }) => instanceId ?? '');
  for (const bot of allBots(evidence)) {
    const own = sagas.get(bot.instanceId) ?? [];
    const removal = own.filter(({ kind, phase }) => REMOVING.has(kind) && phase === 'completed');
    const provision = own.find(({ kind }) => kind === 'provision-bot');
    const wasMade = provision === undefined || provision.phase === 'completed';
    if (removal.length > 0 || !wasMade) judgeGone(bot, verdict);
    else judgeThere(bot, faultSource, verdict);
    judgeResults(bot, removal, evidence, verdict);
    judgeReclaims(removal, faultSource, verdict);
  }
}

function judgeGone(bot: BotEvidence, verdict: Verdict): void {
  const { instanceId, funded } = bot;
  verdict.expectSame('I1', `payments for ${instanceId}, which is gone`, funded, bot.payments);
  if (bot.allocation !== undefined) verdict.violated('I1', `${instanceId} is gone but allocated`);
  if (bot.containers.length > 0) verdict.violated('I1', `${instanceId} is gone but in Docker`);
  if (bot.isMapped || bot.isListed) verdict.violated('I1', `${instanceId} is gone but in a pool`);
}

function judgeThere(bot: BotEvidence, faultSource: Mishaps, verdict: Verdict): void {
  const { instanceId, allocation, containers } = bot;
  verdict.expectSame('I1', `payments for ${instanceId}, which is there`, 0, bot.payments);
  if (allocation === undefined) verdict.violated('I1', `${instanceId} has lost its allocation`);
  else if (allocation.lockedBy !== undefined) verdict.violated('I1', `${instanceId} is locked`);
  const isLeftAlone = containers.length === 0 && faultSource.lost.has(instanceId) && bot.isVetoed;
  if (containers.length !== 1 && !isLeftAlone) {
    const found = JSON.stringify(containers.map(({ _id }) => _id));
    const lost = faultSource.lost.has(instanceId) ? 'lost by its host' : 'never lost';
    const mapping = JSON.stringify(bot.mapping ?? null);
    verdict.violated(
      'I3',
      `${instanceId} (${lost}) is allocated, its containers: ${found}, mapped ${mapping}`,
    );
  }
  if (bot.isPooled && !(bot.isMapped && bot.isListed)) {
    verdict.violated('I1', `${instanceId} is not in its pool`);
  }
  const [container] = containers;
  if (container === undefined || faultSource.crashed.has(instanceId)) return;
  const { kind, running, restartPolicy, conf, program } = container;
  const isRestored =
    kind === 'dedicated'
      ? running === true && restartPolicy === 'unless-stopped'
      : conf === 'present' && program === 'RUNNING';
  const facts = JSON.stringify({ running, restartPolicy, conf, program });
  if (!isRestored) verdict.violated('I1', `${instanceId} is not as it was: ${facts}`);
}

/** The job told its user what the ledger says. */
function judgeResults(
  { instanceId }: BotEvidence,
  removal: readonly SagaEvidence[],
  { entries }: Evidence,
  verdict: Verdict,
): void {
  const payment = entries.get(instanceId)?.find(({ type }) => type === 'deallocate');
  for (const { id, result } of removal) {
    const wallet = result?.wallet ?? null;
    if (wallet === null) continue;
    const what = `result of ${id}`;
    verdict.expectSame('I1', `${what}, returned`, Number(payment?.amount), wallet.returned);
    verdict.expectSame('I1', `${what}, balance`, Number(payment?.balanceAfter), wallet.newBalance);
  }
}

function judgeReclaims(
  removal: readonly SagaEvidence[],
  faultSource: Mishaps,
  verdict: Verdict,
): void {
  for (const { kind, instanceId, id } of removal) {
    if (kind !== 'reclaim-orphan' || faultSource.lost.has(String(instanceId))) continue;
    verdict.violated('I4', `${id} reclaimed ${instanceId}, which its host never lost`);
  }
}

/** As the design's veto of a synchronisation has it: a mapping `pending` for less than ten minutes. */
const PENDING_MS = 10 * 60_000;

function isPending(mapping: BotMapping | undefined, atMs: number): boolean {
  return mapping?.status === 'pending' && atMs - Date.parse(mapping.createdAt) < PENDING_MS;
}

function allBots({
  atMs,
  users,
  sagas,
  entries,
  containers,
  pools,
}: Evidence): readonly BotEvidence[] {
  const allocations = new Map<string, Document>(
    users.flatMap(({ user }) => Object.entries<Document>(user.botAllocations ?? {})),
  );
  const listed = new Set(Object.values(pools.pools).flatMap(({ bots }) => bots));
  const mapped = new Set(Object.keys(pools.botMapping));
  const first = new Set(users.flatMap(({ who }) => who.firstBots));
  const ids = new Set([
    ...first,
    ...sagas.flatMap(({ instanceId }) => instanceId ?? []),
    ...[...allocations.keys(), ...containers.keys(), ...listed, ...mapped],
  ]);
  return [...ids].map((instanceId) => {
    const found = containers.get(instanceId) ?? [];
    const count = (wanted: string) =>
      (entries.get(instanceId) ?? []).filter(({ type }) => type === wanted).length;
    return {
      instanceId,
      allocation: allocations.get(instanceId),
      containers: found,
      isMapped: mapped.has(instanceId),
      mapping: pools.botMapping[instanceId],
      isVetoed: isPending(pools.botMapping[instanceId], atMs),
      isListed: listed.has(instanceId),
      funded: count('allocate') + (first.has(instanceId) ? 1 : 0),
      payments: count('deallocate'),
      isPooled: found.some(({ kind }) => kind === 'pooled'),
    };
  });
}
