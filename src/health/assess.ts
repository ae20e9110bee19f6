// From a roster and the observations of its containers to one judgement a bot. Whether a saga or tombstone is in charge
// of a bot is checked only where something would be done to it: in a healthy system a round costs its observations and
// one read.

import type { ContainerObservation } from '../bots/pool-containers.ts';
import { botKey } from '../deletion/bot-key.ts';
import type { ProgramState } from '../domain/bot.ts';
import { parseInstanceId } from '../domain/ids.ts';
import type { BotOfUser } from '../domain/incarnation.ts';
import type { BotOwner } from '../pool-state/ownership.ts';
import type { Roster, RosterBot } from '../pool-state/pool-roster.ts';
import { botHealthKey, type RecordedHealth } from './bot-healths.ts';
import type { HealthPorts } from './health-ports.ts';
import { type BotObservation, judgeBot, type Verdict } from './judge-bot.ts';
import { restrainedAmong } from './restraints.ts';

export interface BotCase {
  readonly key: string;
  readonly entry: RosterBot;
  /** Null: its owner is unknown. */
  readonly bot: (BotOfUser & BotOwner) | null;
  /** The mapping's `createdAt`. */
  readonly incarnationId: string;
  readonly observation: BotObservation;
  /** What is remembered of it, of an earlier incarnation too. */
  readonly recorded: RecordedHealth | null;
}

export interface Judgement extends BotCase {
  /** Null: the observation was not answered. */
  readonly verdict: Verdict | null;
}

export async function assess(
  ports: Pick<HealthPorts, 'owners' | 'healths'>,
  roster: Roster,
  observations: ReadonlyMap<string, ContainerObservation>,
): Promise<readonly BotCase[]> {
  const entries = [...roster.pools.flatMap(({ bots }) => bots), ...roster.dedicated];
  const names = entries.flatMap((entry) => entry.owners);
  const keyOf = ({ poolKey, instanceId }: RosterBot) => botHealthKey(poolKey, instanceId);
  const [owners, records] = await Promise.all([
    ports.owners.find([...new Set(names)]),
    ports.healths.read(entries.map(keyOf)),
  ]);
  return entries.flatMap((entry): BotCase[] => {
    const instanceId = parseInstanceId(entry.instanceId);
    // No bot can have such an id.
    if (instanceId === undefined) return [];
    const key = keyOf(entry);
    const owner = oneOwner(entry.owners, owners);
    return [
      {
        key,
        entry,
        bot: owner === undefined ? null : { ...owner, instanceId },
        incarnationId: entry.mapping?.createdAt ?? '',
        observation: observe(entry, observations.get(entry.containerName)),
        recorded: records.get(key) ?? null,
      },
    ];
  });
}

export async function judgeAll(
  ports: Pick<HealthPorts, 'sagas' | 'tombstones' | 'wallets' | 'settings' | 'nowMs'>,
  cases: readonly BotCase[],
): Promise<readonly Judgement[]> {
  const nowMs = ports.nowMs();
  const judge = (one: BotCase, isRestrained: boolean): Verdict | null =>
    judgeBot(
      {
        memory: one.recorded?.incarnationId === one.incarnationId ? one.recorded.memory : null,
        observation: one.observation,
        mapped: one.entry.mapping?.status ?? null,
        isRestrained,
        nowMs,
      },
      ports.settings,
    );
  const first = cases.map((one) => ({ ...one, verdict: judge(one, one.bot === null) }));
  const acting = first.flatMap(({ bot, verdict }) =>
    bot !== null && verdict !== null && (verdict.restart || verdict.markAs !== null) ? [bot] : [],
  );
  const restrained = await restrainedAmong(ports, acting);
  return first.map((one) =>
    one.bot !== null && restrained.has(botKey(one.bot))
      ? { ...one, verdict: judge(one, true) }
      : one,
  );
}

function observe(entry: RosterBot, observation: ContainerObservation | undefined): BotObservation {
  if (observation === undefined || observation.status === 'unknown') return { status: 'unknown' };
  if (entry.poolKey === null) {
    return { status: 'container', isRunning: observation.status === 'running' };
  }
  if (observation.status !== 'running') return { status: 'pool-down' };
  const program = observation.programs.get(entry.instanceId);
  // Beside a program whose bot is unknown, a bot that was not found is in doubt, not failed (I4).
  if (program === undefined && observation.doubt !== null) return { status: 'unknown' };
  return { status: 'program', program: program ?? 'absent' };
}

/** The one user whom all these names mean; undefined where they mean two, or no known user. */
function oneOwner(
  names: readonly string[],
  owners: ReadonlyMap<string, BotOwner>,
): BotOwner | undefined {
  const [first, ...others] = names.map((name) => owners.get(name));
  return others.every((other) => other?.userId === first?.userId) ? first : undefined;
}

/** supervisord's status, where it was queried. */
export function programOf({ observation }: BotCase): ProgramState | 'absent' | null {
  return observation.status === 'program' ? observation.program : null;
}
