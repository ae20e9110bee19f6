// Chooses the faults. Outages come one after the other, each measured to its recovery; small faults fall in between
// and beside them. Small ones that would hold everybody up wait while a recovery is measured.

import { pause } from '@reclaim/saga';
import type { Census } from '../load/census.ts';
import type { Random } from '../random.ts';
import type { Tally } from '../tally.ts';
import { type ExecutionContext, OUTAGES, type Outage } from './outages.ts';
import { measureRecovery, type Recovery } from './recovery.ts';

export interface DirectorOptions extends ExecutionContext {
  readonly census: Census;
  readonly faults: Tally;
}

const BETWEEN_OUTAGES_MS = { min: 300, max: 1_200 } as const;
const CUT_EVERY_MS = { min: 50, max: 350 } as const;
const CUT_WITHIN_MS = 400;
const MISHAP_EVERY_MS = { min: 500, max: 1_500 } as const;

/** @returns the recoveries, one an outage. */
export async function directFaults(options: DirectorOptions): Promise<readonly Recovery[]> {
  const stage = { isCalm: false };
  const recoveries: Recovery[] = [];
  await Promise.all([
    breakThings(options, stage, recoveries),
    loseReplies(options, stage),
    letBotsFail(options),
  ]);
  return recoveries;
}

interface Stage {
  isCalm: boolean;
}

async function breakThings(
  options: DirectorOptions,
  stage: Stage,
  recoveries: Recovery[],
): Promise<void> {
  const { random, signal, faults, faultSource, environment } = options;
  const context = { ...options, random: random.fork('outages') };
  while (!signal.aborted) {
    await pause(random.between(BETWEEN_OUTAGES_MS.min, BETWEEN_OUTAGES_MS.max), signal);
    if (signal.aborted) return;
    const outages = chooseOutages(context.random);
    for (const { name } of outages) faults.add(name);
    await Promise.all(outages.map((outage) => outage.run(context)));
    stage.isCalm = true;
    await faultSource.clear().catch(() => undefined);
    const recovery = await measureRecovery(environment.db, nameOf(outages), signal);
    // Cut off by the end of the run, it says nothing.
    if (!signal.aborted) recoveries.push(recovery);
    stage.isCalm = false;
  }
}

/** Things that break at the same time are more than the sum of them. */
const TWO_AT_ONCE = 0.3;

function chooseOutages(random: Random): readonly Outage[] {
  const outage = random.weighted(OUTAGES);
  const other = random.weighted(OUTAGES);
  return random.chance(TWO_AT_ONCE) && other !== outage ? [outage, other] : [outage];
}

function nameOf(outages: readonly Outage[]): string {
  return outages.map(({ name }) => name).join(' and ');
}

/** What a request carries whose reply is worth losing; group commit puts many of them into one. */
const REQUESTS = [
  'reclaimSettlement',
  'reclaimReservation',
  'ledger',
  'tombstones',
  'simulatedBots',
  'sagas',
  'lockedBy',
] as const;

async function loseReplies({ random, signal, environment, faults }: DirectorOptions, stage: Stage) {
  const chance = random.fork('replies');
  while (!signal.aborted) {
    await pause(chance.between(CUT_EVERY_MS.min, CUT_EVERY_MS.max), signal);
    if (stage.isCalm || signal.aborted) continue;
    const text = chance.pick(REQUESTS) ?? 'sagas';
    const isValkey = chance.chance(0.2);
    const isLost = isValkey
      ? await environment.valkeyWire.loseReply('evalsha', CUT_WITHIN_MS)
      : await environment.mongodbWire.loseReply(text, CUT_WITHIN_MS);
    if (isLost) faults.add(isValkey ? 'reply of Valkey lost' : `reply of MongoDB lost: ${text}`);
  }
}

async function letBotsFail({
  random,
  signal,
  faultSource,
  census,
}: DirectorOptions): Promise<void> {
  const chance = random.fork('mishaps');
  while (!signal.aborted) {
    await pause(chance.between(MISHAP_EVERY_MS.min, MISHAP_EVERY_MS.max), signal);
    const bot = chance.pick(census.allBots());
    if (bot === undefined || signal.aborted) continue;
    const { lose, crash } = faultSource;
    // The observer's own call may fail: then it was no fault.
    await (chance.chance(0.6) ? lose : crash)(bot.instanceId).catch(() => undefined);
  }
}
