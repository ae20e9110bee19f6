// One round: every container that the pool state names is observed once, each bot is judged, and the consequences are
// carried out: memory first, then the pool state, then restarts. A bot's memory is written under the revision it was
// decided from, and only the worker that wrote it acts on it: two workers that observe at the same moment never restart
// a bot twice.

import { SagaError } from '@reclaim/saga';
import type { BotsCall } from '../bots/bots.ts';
import { rosterOf } from '../pool-state/pool-roster.ts';
import { assess, judgeAll } from './assess.ts';
import type { HealthPorts } from './health-ports.ts';
import { markPools } from './mark-pools.ts';
import { type Persisted, rememberBots } from './remember-bots.ts';
import { reportConflicts } from './report-conflicts.ts';
import { restartOrder } from './restart-bot.ts';
import { markBots } from './write-statuses.ts';

export type RoundReport =
  /** Another round is under way. */
  | { readonly status: 'skipped' }
  /** The pool state could not be read: no bot was checked. */
  | { readonly status: 'unknown'; readonly reason: string }
  | {
      readonly status: 'done';
      readonly bots: number;
      /** Observations that were not answered. */
      readonly unknown: number;
      readonly restarts: number;
      /** The platform owns them: reported, never stopped. */
      readonly emptyPools: readonly string[];
      /** Pools that run now and did not at the last round. */
      readonly startedPools: readonly string[];
      /** Why words of the pool state could not be written; the next round tries again. */
      readonly unwritten: string | null;
    };

/** A round that takes longer is cut off. */
const ROUND_TIMEOUT_MS = 60_000;
/** A worker that died in a round holds up the next ones no longer than this. */
const ROUND_HOLD_MS = 90_000;

export async function watchPools(ports: HealthPorts, call: BotsCall): Promise<RoundReport> {
  const round = await ports.rounds.begin(ROUND_HOLD_MS);
  if (round === null) {
    ports.meter.roundEnded('skipped');
    return { status: 'skipped' };
  }
  let outcome: 'done' | 'unknown' | 'failed' = 'failed';
  try {
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(ROUND_TIMEOUT_MS)]);
    const report = await checkRound(ports, { ...call, signal });
    outcome = report.status;
    return report;
  } finally {
    ports.meter.roundEnded(outcome);
    await round.end({ isComplete: outcome === 'done' });
  }
}

async function checkRound(
  ports: HealthPorts,
  call: BotsCall,
): Promise<Exclude<RoundReport, { status: 'skipped' }>> {
  const answer = await ports.poolStates.read(call);
  if (answer.status === 'unknown') return { status: 'unknown', reason: answer.reason };
  const roster = rosterOf(answer.items);
  await reportConflicts(ports, roster);
  const observations = await ports.containers.observeAll(
    {
      pools: roster.pools.map(({ pool: { containerName }, bots }) => ({
        containerName,
        bots: bots.map(({ instanceId }) => instanceId),
      })),
      dedicated: roster.dedicated.map(({ containerName }) => containerName),
    },
    call,
  );
  const judgements = await judgeAll(ports, await assess(ports, roster, observations));
  const persisted = await rememberBots(ports, judgements);
  const pools = await markPools(ports, roster, observations);
  // A row that cannot be read may name any bot and pool, so none of them is known to be gone (I4).
  if (roster.unreadable.length === 0) {
    await ports.healths.keepOnly(
      judgements.map(({ key }) => key),
      roster.pools.map(({ key }) => key),
    );
  }
  // What starts with a pool may be a bot whose deletion has waited for it.
  if (pools.started.length > 0) await ports.tombstones.makeDue();
  const unwritten = await markBots(ports, persisted, pools.changes, call).then(
    () => null,
    (error: unknown) => {
      if (error instanceof SagaError) return `${error.code}: ${error.message}`;
      throw error;
    },
  );
  const due = persisted.filter(({ verdict }) => verdict.restart);
  for (const one of due) await orderRestart(ports, one);
  return {
    status: 'done',
    bots: judgements.length,
    unknown: judgements.filter(({ verdict }) => verdict === null).length,
    restarts: due.length,
    emptyPools: roster.pools.filter(({ bots }) => bots.length === 0).map(({ key }) => key),
    startedPools: pools.started,
    unwritten,
  };
}

// A saga that came to the bot meanwhile keeps it: the attempt is used up, and the next round decides again.
async function orderRestart({ sagas }: HealthPorts, { bot, verdict }: Persisted): Promise<void> {
  if (bot !== null) await sagas.start(restartOrder(bot, verdict.memory.restarts));
}

/** The clock's job, and its scheduler. Not the name of a kind of saga: a wake-up carries its saga's kind as its name, and
 * must never be taken for a tick. */
export const HEALTH_TICK = 'pool-health-by-clock';

/** A round that fails is reported and not tried again: the next one is never far. */
export async function checkByClock(
  ports: HealthPorts,
  stopping: AbortSignal,
  onReport: (report: RoundReport) => void,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    onReport(await watchPools(ports, { signal: stopping }));
  } catch (error) {
    onError(error);
  }
}
