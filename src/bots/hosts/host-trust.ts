// Whether a host's "I hold nothing" is believed. I4: a daemon that was set up anew, or whose disk was lost,
// answers exactly like one whose bots were all removed. So a host that holds no managed container is unknown
// while our own memory or the pool state places bots there that were never seen gone, and while it has never shown
// one though there is money in bots, until an administrator confirms that it is empty. For every kind of observation, an explicit
// one too.

import { type BotAtMoment, MAX_ASKED, type Tombstones } from '../../tombstones/tombstones.ts';
import type { Accounts } from '../../wallet/mongodb/accounts.ts';
import type { Bots, BotsCall } from '../bots.ts';
import type { BotOnHost, HostRecord, HostRecords } from './mongo-host-records.ts';

export interface PlacedBots {
  /** Whether a bot is known to have had money, though no wallet may hold any now. */
  readonly hadMoney?: boolean;
  /** The mappings of the pool state that may stand for a bot on this host; the caller decides which. */
  readonly placedByFile: readonly PlacedBot[];
  /** Bots that were seen there, and when, as one deletion knows it. */
  readonly observedThere?: readonly PlacedBot[];
}

export interface PlacedBot extends BotOnHost {
  /** As the file has it; of one that was seen, when. */
  readonly createdAt: string;
}

export type HostJudgement = 'trusted' | { readonly unknown: string };

export interface HostTrustPorts {
  readonly bots: Pick<Bots, 'hasManaged'>;
  readonly hostRecords: Pick<HostRecords, 'find' | 'findGone'>;
  readonly tombstones: Pick<Tombstones, 'endedAmong'>;
  readonly accounts: Pick<Accounts, 'hasAllocations'>;
  /** Hosts whose every bot this installation has made itself: what they never showed never was. */
  readonly isOwnWorld?: boolean;
}

export type HostTrust = ReturnType<typeof createHostTrust>;

export function createHostTrust(ports: HostTrustPorts) {
  const { bots, hostRecords, tombstones, accounts, isOwnWorld = false } = ports;
  return {
    /** Which of these, none of which is configured, are gone by an administrator's decision.
     * @throws UnavailableError when our own memory cannot be asked. */
    findGone: async (hosts: readonly string[]): Promise<ReadonlySet<string>> =>
      new Set((await hostRecords.findGone(hosts)).keys()),
    /** @throws UnavailableError when our own memory cannot be asked. */
    judge: async (
      host: string,
      { placedByFile, observedThere = [], hadMoney = false }: PlacedBots,
      call: BotsCall,
    ): Promise<HostJudgement> => {
      const answer = await bots.hasManaged(host, call);
      if (answer.status === 'unknown') return { unknown: answer.reason };
      if (answer.items) return 'trusted';
      const record = (await hostRecords.find([host])).get(host);
      const missing =
        (await missingOfMemory(tombstones, host, record)) ??
        (await missingOf(tombstones, { host, record }, observedThere, wasObserved)) ??
        (await missingOf(tombstones, { host, record }, placedByFile, isPlaced));
      if (missing !== null) return { unknown: emptyReason(host, missing) };
      // Neither seen nor confirmed: nothing tells the right daemon from a wrong one.
      const isStranger = record === undefined || isUnproven(record);
      const isMoneyOut =
        isStranger && !isOwnWorld && (hadMoney || (await accounts.hasAllocations()));
      return isMoneyOut ? { unknown: emptyReason(host, NEVER_SHOWN) } : 'trusted';
    },
  };
}

// A decision that it was gone has made its record, and no bot.
function isUnproven({ observedAt, confirmedEmptyAt }: HostRecord): boolean {
  return observedAt === null && confirmedEmptyAt === null;
}

// @returns what is missed there, in words, or null.
async function missingOfMemory(
  tombstones: HostTrustPorts['tombstones'],
  host: string,
  record: HostRecord | undefined,
): Promise<string | null> {
  if (record === undefined || isConfirmed(record)) return null;
  const { observedBots, count } = record;
  if (count > observedBots.length)
    return `${count} bots were seen there, too many to remember each`;
  // No more than MAX_REMEMBERED, which one question may name.
  const observed = observedBots.map(({ observedAt, ...bot }) => ({
    ...{ ...bot, host },
    at: new Date(observedAt),
  }));
  const left = await notObservedGone(tombstones, observed);
  return left.length === 0 ? null : wasObserved(namesOf(left));
}

const wasObserved = (bots: string) => `${bots} was last seen there`;
const isPlaced = (bots: string) => `the pool state places ${bots} there`;

// What is older than the confirmation is what the administrator knew of.
async function missingOf(
  tombstones: HostTrustPorts['tombstones'],
  { host, record }: { readonly host: string; readonly record: HostRecord | undefined },
  placed: readonly PlacedBot[],
  say: (bots: string) => string,
): Promise<string | null> {
  const confirmedMs =
    record !== undefined && isConfirmed(record) ? Date.parse(record.confirmedEmptyAt) : null;
  const open = placed
    .map(({ createdAt, ...bot }) => ({ ...bot, host, at: new Date(createdAt) }))
    // A date that cannot be read compares false: such a mapping stays.
    .filter(({ at }) => confirmedMs === null || !(at.getTime() <= confirmedMs));
  if (open.length > MAX_ASKED) return say(`${open.length} bots`);
  const left = await notObservedGone(tombstones, open);
  return left.length === 0 ? null : say(namesOf(left));
}

async function notObservedGone(
  tombstones: HostTrustPorts['tombstones'],
  bots: readonly BotAtMoment[],
): Promise<readonly string[]> {
  if (bots.length === 0) return [];
  const gone = await tombstones.endedAmong(bots);
  return bots.filter((bot) => !gone.has(bot)).map(({ instanceId }) => instanceId);
}

type ConfirmedRecord = HostRecord & { readonly confirmedEmptyAt: string };

function isConfirmed(record: HostRecord): record is ConfirmedRecord {
  // A bot that is seen there takes the confirmation back: which of them was later is told by no clock.
  return record.confirmedEmptyAt !== null;
}

const NEVER_SHOWN = 'it has never shown one, and there is money in bots';

function emptyReason(host: string, missing: string): string {
  return `docker host "${host}" holds no container, but ${missing}: an administrator must confirm it`;
}

/** A reason is for a person: two names tell which bots are meant. */
const MAX_NAMED = 2;

function namesOf(ids: readonly string[]): string {
  const named = ids.slice(0, MAX_NAMED).join(', ');
  return ids.length > MAX_NAMED ? `${named} and ${ids.length - MAX_NAMED} more` : named;
}
