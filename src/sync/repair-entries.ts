// The repairs that move no money: an entry that Docker disproves goes, one that the file has lost comes back, and a
// ghost that a tombstone names is finished. Each decides again on the state it finds under the lock (I5), and
// repeats harmlessly.

import type { FencedCall } from '../bots/bots.ts';
import { removeAll, whileItsOwn } from '../deletion/finish-tombstone.ts';
import { assertNever } from '../domain/assert-never.ts';
import type { ObservedBot } from '../domain/bot.ts';
import type { InstanceId } from '../domain/ids.ts';
import { takeOutOwn } from '../pool-state/owned-entry.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import { ownValue, type PoolState } from '../pool-state/pool-state.ts';
import type { PoolScope } from '../pool-state/pool-states.ts';
import { type LostBot, type Obstacle, rebuildEntry } from '../pool-state/rebuild-entry.ts';
import { type ConfirmPorts, isPending } from './confirm-bots.ts';
import { type BotObservation, observeBot } from './observe-bot.ts';
import type { DriftNote, SkipReason } from './sync-reports.ts';

export interface EntryRepair extends FencedCall {
  /** ISO 8601, database time. */
  readonly at: string;
  /** An earlier attempt of this run may have repaired what is found in order now. */
  readonly isAgain: boolean;
}

/** A stale entry, or a lost one, that both observations have found. */
export async function repairEntry(
  ports: ConfirmPorts,
  user: BotOwner,
  note: DriftNote,
  { at, isAgain, ...call }: EntryRepair,
): Promise<DriftNote> {
  const { instanceId } = note;
  const observation = await observeBot(
    ports,
    { ...user, instanceId, holdsAllocation: note.allocation !== null },
    call,
  );
  if (isAgain && isAsRepaired(note, observation)) return repairedBefore(note);
  if (note.verdict === 'stale-entry') {
    if (observation.docker !== 'no' || observation.poolState !== 'yes') return observedAgain(note);
    if (isPending(observation, Date.parse(at))) return skipped(note, 'pending', null);
    const about = { bots: [instanceId] };
    return change(ports, note, call, about, (state) =>
      isAsObserved(state, instanceId, observation) ? takeOutOwn(state, instanceId, user) : state,
    );
  }
  const observedBot = observation.observedBots.find(isPooled);
  if (observedBot === undefined || observation.poolState !== 'no') return observedAgain(note);
  // The entry will name the one host that may hold the bot, and be believed: it takes every host's word.
  if (observation.unobserved.length > 0) {
    return skipped(note, 'unknown', observation.unobserved.join('; '));
  }
  const { userId, firebaseUid } = user;
  if (firebaseUid === null) return skipped(note, 'pool-unknown', 'its user has no pools');
  const asked = await ports.bots.readPort(instanceId, observedBot, call);
  if (asked.status === 'unknown') return skipped(note, 'unknown', asked.reason);
  const { items: reading } = asked;
  if (reading.status === 'unreadable') return skipped(note, 'port-unknown', reading.reason);
  const { port } = reading;
  const lost = { instanceId, userId, firebaseUid, observedBot, port, at };
  return rebuild(ports, note, call, lost);
}

// The platform uses ids again: what has got a slot since is a new bot's.
function isAsObserved(
  { botMapping }: PoolState,
  instanceId: InstanceId,
  { entry }: BotObservation,
): boolean {
  const observed = entry?.mapping;
  const found = ownValue(botMapping, instanceId);
  return found?.createdAt === observed?.createdAt && found?.poolId === observed?.poolId;
}

// Whether it can be made is decided where it is made, under the lock.
async function rebuild(
  ports: ConfirmPorts,
  note: DriftNote,
  call: FencedCall,
  lost: LostBot,
): Promise<DriftNote> {
  const met: { obstacle?: Obstacle } = {};
  const made = await change(ports, note, call, aboutLost(lost), (state) => {
    const rebuilding = rebuildEntry(state, lost);
    if (rebuilding.status === 'rebuilt') return rebuilding.state;
    met.obstacle = rebuilding.obstacle;
    return state;
  });
  const { obstacle } = met;
  return obstacle === undefined ? made : skipped(note, obstacle.reason, obstacle.detail);
}

/** A ghost that an ended tombstone names came back after we had seen it gone: what the saga saw is removed again.
 * An unfinished one is the janitor's, which checks it every few seconds. */
export async function finishGhost(
  ports: ConfirmPorts,
  user: BotOwner,
  note: DriftNote,
  { at, isAgain: _, ...call }: EntryRepair,
): Promise<DriftNote> {
  const { instanceId } = note;
  const { userId } = user;
  const tombstones = await ports.tombstones.findForBot(userId, instanceId);
  const ended = tombstones.filter(({ status }) => status === 'ended');
  const named = ended.flatMap(({ observedBots }) => observedBots ?? []);
  const [newest] = ended;
  if (newest === undefined || named.length === 0) return note;
  // A program is named by its id alone: since the first observation it may have become a new incarnation's.
  const reading = await ports.wallets.readAllocation(userId, instanceId);
  if (reading.status === 'present') return observedAgain(note);
  const observation = await observeBot(
    ports,
    { ...user, instanceId, holdsAllocation: false },
    call,
  );
  if (isPending(observation, Date.parse(at))) return skipped(note, 'pending', null);
  const incarnation = { userId, instanceId, incarnationId: NO_INCARNATION };
  const own = whileItsOwn(ports, { ...newest, incarnation }, call);
  const left = await removeAll(ports, instanceId, named, own);
  if (left !== null) return { ...note, detail: left };
  // What the deletion never saw is not the tombstone's: it is still a ghost.
  const bot = { ...user, instanceId, holdsAllocation: false };
  const { docker, reasons } = await observeBot(ports, bot, call);
  switch (docker) {
    case 'no':
      return { ...note, outcome: 'repaired', detail: 'its tombstone was finished again' };
    case 'yes':
      return { ...note, detail: 'what its deletion has seen is gone; something else is there' };
    case 'unknown':
      return { ...note, detail: reasons.join('; ') };
    default:
      return assertNever(docker);
  }
}

/** A ghost has no incarnation: an allocation that comes meanwhile is a new one's. */
const NO_INCARNATION = '';

// The bot's pool is found by its container, else by the label; its mappings tell which ports are taken.
function aboutLost({ instanceId, firebaseUid, observedBot }: LostBot): PoolScope {
  const { containerName, labels } = observedBot;
  return {
    bots: [instanceId],
    users: [firebaseUid],
    pools: labels.poolId === undefined ? [] : [labels.poolId],
    containers: [containerName],
  };
}

async function change(
  { poolStates }: ConfirmPorts,
  note: DriftNote,
  { fence, signal }: FencedCall,
  about: PoolScope,
  apply: (state: PoolState) => PoolState,
): Promise<DriftNote> {
  const { changed } = await poolStates.mutate({ change: apply, fence, signal, about });
  return changed ? { ...note, outcome: 'repaired' } : observedAgain(note);
}

function isPooled(
  observedBot: ObservedBot,
): observedBot is Extract<ObservedBot, { kind: 'pooled' }> {
  return observedBot.kind === 'pooled';
}

// A worker that takes the run over, or an attempt whose answer was lost, finds its own work done.
function isAsRepaired({ verdict }: DriftNote, { docker, poolState, observedBots }: BotObservation) {
  if (verdict === 'stale-entry') return docker === 'no' && poolState === 'no';
  return observedBots.some(isPooled) && poolState === 'yes';
}

function repairedBefore(note: DriftNote): DriftNote {
  return { ...note, outcome: 'repaired', detail: 'an earlier attempt of this run repaired it' };
}

function observedAgain(note: DriftNote): DriftNote {
  return { ...note, outcome: 'resolved', detail: 'it changed before the repair' };
}

function skipped(note: DriftNote, reason: SkipReason, detail: string | null): DriftNote {
  return { ...note, outcome: 'skipped', reason, detail };
}
