// Brings the statuses of the pool state up to what was observed, all of a round in one write. I5: whether a saga or a
// tombstone has claimed one of the bots is checked again under the lock, where a deletion that began before cannot have
// taken its entry out unnoticed, and one that begins later waits for this write.

import { UnavailableError } from '@reclaim/saga';
import type { BotsCall } from '../bots/bots.ts';
import { botKey } from '../deletion/bot-key.ts';
import type { BotOfUser } from '../domain/incarnation.ts';
import { ownValue, type PoolState } from '../pool-state/pool-state.ts';
import type { PoolScope, PoolStates } from '../pool-state/pool-states.ts';
import {
  applyStatuses,
  type BotStatusChange,
  type PoolStatusChange,
} from '../pool-state/pool-statuses.ts';
import type { BotEvent } from './bot-events.ts';
import type { HealthPorts } from './health-ports.ts';
import type { Persisted } from './remember-bots.ts';
import { type RestraintPorts, restrainedAmong } from './restraints.ts';

export interface StatusOrder {
  readonly bots: readonly (BotStatusChange & { readonly bot: BotOfUser })[];
  readonly pools: readonly PoolStatusChange[];
}

/** @returns the order's bots whose change is in the file now; none where nothing could be written: the next round comes.
 * @throws what the database throws. */
export async function writeStatuses(
  ports: RestraintPorts & { readonly poolStates: Pick<PoolStates, 'mutate'> },
  order: StatusOrder,
  { signal }: BotsCall,
): Promise<StatusOrder['bots']> {
  if (order.bots.length + order.pools.length === 0) return [];
  const fence = async () => {
    const restrained = await restrainedAmong(
      ports,
      order.bots.map(({ bot }) => bot),
    );
    if (restrained.size > 0) throw new RestrainedError(restrained);
  };
  try {
    const change = (state: PoolState) => applyStatuses(state, order);
    const { state } = await ports.poolStates.mutate({
      change,
      fence,
      signal,
      about: aboutOf(order),
    });
    return order.bots.filter(
      ({ instanceId, to }) => ownValue(state.botMapping, instanceId)?.status === to,
    );
  } catch (error) {
    if (!(error instanceof RestrainedError)) throw error;
    // A saga or tombstone came between the observation and the lock: the others' statuses are still to be written.
    const { restrained } = error;
    const free = order.bots.filter(({ bot }) => !restrained.has(botKey(bot)));
    return writeStatuses(ports, { ...order, bots: free }, { signal });
  }
}

// Pools by their containers: no mappings are needed for a pool's own status.
function aboutOf({ bots, pools }: StatusOrder): PoolScope {
  return {
    bots: bots.map(({ instanceId }) => instanceId),
    containers: pools.map(({ observed }) => observed.containerName),
  };
}

/** Each time at least one bot less: the repetition ends. */
class RestrainedError extends UnavailableError {
  readonly restrained: ReadonlySet<string>;

  constructor(restrained: ReadonlySet<string>) {
    super('BOTS_RESTRAINED', `${restrained.size} bots are in other hands now`);
    this.restrained = restrained;
  }
}

/** The fence checks each bot while it holds the lock. */
const MAX_TOGETHER = 100;

/** Writes the round's statuses of bots and pools into the pool state, in batches. */
export async function markBots(
  ports: HealthPorts,
  persisted: readonly Persisted[],
  pools: readonly PoolStatusChange[],
  call: BotsCall,
): Promise<void> {
  const bots = persisted.flatMap(({ bot, entry, verdict }): [StatusOrder['bots'][number]] | [] => {
    const { markAs: to } = verdict;
    if (to === null || bot === null || entry.mapping === null) return [];
    return [{ instanceId: bot.instanceId, observed: entry.mapping, to, bot }];
  });
  for (let from = 0; from === 0 || from < bots.length; from += MAX_TOGETHER) {
    const part = bots.slice(from, from + MAX_TOGETHER);
    const order = { bots: part, pools: from === 0 ? pools : [] };
    const written = await writeStatuses(ports, order, call);
    for (const { to } of written) ports.meter.statusWritten(to);
    await ports.events.add(written.map((one) => eventOf(one, ports.nowMs())));
  }
}

function eventOf({ bot, observed, to }: StatusOrder['bots'][number], atMs: number): BotEvent {
  const { userId, instanceId } = bot;
  return {
    id: `${userId}/${instanceId}/${atMs}/marked-${to}`,
    ...{ userId, instanceId, atMs, jobId: null },
    type: `marked-${to}`,
    detail: `the pool state held ${observed.status}`,
  };
}
