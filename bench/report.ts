// What is printed: a table for people with the goal beside each number, and the same as one JSON object.

import type { AcceptResult } from './accept.ts';
import type { VariantResult } from './compare.ts';
import type { ContestantName } from './contestants.ts';
import type { FairMeasure } from './fair.ts';
import type { LongLives } from './long-lives.ts';
import { LONG_LINES, longFigures } from './long-report.ts';
import type { OneSyncMeasure } from './one-sync.ts';
import type { PageMeasure } from './page.ts';
import type { PoolFileMeasure } from './pool-file.ts';
import type { PooledMeasure } from './pooled.ts';
import type { ScaleMeasure } from './scale.ts';
import type { StreamsMeasure } from './streams.ts';
import type { SyncAllMeasure } from './sync-all.ts';

export interface Measures {
  readonly variants: Partial<Record<ContestantName, VariantResult>>;
  readonly accept?: AcceptResult;
  readonly workerMemoryMb?: number;
  readonly poolFile?: PoolFileMeasure;
  readonly syncAll?: SyncAllMeasure;
  readonly oneSync?: OneSyncMeasure;
  readonly pooled?: PooledMeasure;
  readonly streams?: StreamsMeasure;
  readonly fair?: FairMeasure;
  readonly scale?: ScaleMeasure;
  readonly page?: PageMeasure;
  readonly long?: LongLives;
}

type Line = readonly [key: string, what: string, goal?: string];

const LINES: readonly Line[] = [
  ['sagasPerSec', 'sagas per second, 50 in flight'],
  ['floorPerSec', 'the bare effects per second'],
  ['bullmqPerSec', 'the effects in a bare BullMQ job, per second'],
  ['ratioToFloor', 'sagas against the bare effects', '>= 0.35 (aim 0.6)'],
  ['ratioToBullmq', 'sagas against the bare BullMQ job', '>= 0.45'],
  ['sagaP50Ms', 'one saga alone, median, ms'],
  ['sagaP95Ms', 'one saga alone, 95 of 100, ms'],
  ['floorP50Ms', 'the bare effects alone, median, ms'],
  ['bullmqP50Ms', 'the bare BullMQ job alone, median, ms'],
  ['addedLatencyMs', 'what the saga adds to the effects, ms', '< 20'],
  ['engineRatioToFloor', 'the engine alone against its bare effects, 50 in flight', '>= 0.75'],
  ['engineRatioToBullmq', 'the engine alone against a bare BullMQ job', '>= 0.95'],
  ['enginePerSec', "the engine alone, the peers' four steps, per second"],
  ['engineFloorPerSec', 'its bare effects per second'],
  ['engineBullmqPerSec', 'its effects in a bare BullMQ job, per second'],
  ['engineP50Ms', 'the engine alone, one at a time, median, ms', '< 10'],
  ['engineFloorP50Ms', 'its bare effects, one at a time, median, ms'],
  ['engineBullmqP50Ms', 'its bare BullMQ job, one at a time, median, ms'],
  ['engineP50RatioToFloor', 'the engine alone against its bare effects, one at a time'],
  ['acceptMedianMs', 'DELETE to 202, median, ms', '< 10'],
  ['acceptP95Ms', 'DELETE to 202, 95 of 100, ms'],
  ['workerMemoryMb', 'a worker with 10,000 sagas open, MB', '< 200'],
  ['fairRatioToAlone', "a deletion behind another user's 1,000 that hang, against alone", '≤ 2'],
  ['fairAloneMs', 'the same alone, median, ms'],
  ['scaleRatioToOne', 'four worker processes against one, per CPU second', '>= 0.9'],
  ['scaleOneWorkerMs', 'CPU of a deletion, one worker process: the worker, ms'],
  ['scaleOneMongodbMs', 'and MongoDB, ms'],
  ['scaleOneCommands', 'in so many commands'],
  ['scaleFourWorkerMs', 'CPU of a deletion, four worker processes: the workers, ms'],
  ['scaleFourMongodbMs', 'and MongoDB, ms'],
  ['scaleFourCommands', 'in so many commands'],
  ...LONG_LINES,
  ['streamsWithMb', 'the API with 500 event streams open, MB', '< 150'],
  ['streamsWithoutMb', 'the API without them, MB'],
  ['streamsEachKb', 'each stream, KB'],
  ['acceptRatioToNoStreams', 'DELETE to 202 with the streams against without', '< 1.5'],
  ['acceptWithStreamsMs', 'DELETE to 202 with the streams, median, ms'],
  ['acceptWithoutStreamsMs', 'DELETE to 202 without them, median, ms'],
  ['pagePaintMs', 'the portfolio of 200 bots, first paint, ms', '< 1000'],
  ['pageCompleteMs', 'the portfolio of 200 bots, all shown, ms'],
  ['pageKb', 'the page over the wire, KB', '< 150'],
  ['poolFile50DeletionsMs', '50 deletions in a file of 5,000 bots, ms', '< 1000'],
  ['syncAllPerCpuSec', 'allocations judged per second of one core', '>= 50000'],
  ['syncAllPerSec', 'allocations judged per second'],
  ['syncAllPeakMb', 'the process of a run over all users, MB', '< 300'],
  ['syncAllGrowth', 'time per user against a tenth of the users', 'about 1'],
  ['syncAllRatioToLoop', 'a run over all against user by user', '> 1'],
  ['oneSyncMs', 'one user on Docker, nothing to repair, ms', '< 100'],
  ['oneSyncRepairMs', 'one user on Docker, an orphan paid back, ms'],
  ['pooledMs', 'DELETE to done, a pooled bot on Docker, ms'],
  ['pooledNextMs', 'the next one in the same pool, ms'],
  ['pooledFloorMs', 'docker exec supervisorctl stop alone, ms'],
  ['pooledAddedMs', 'what the deletion adds to that stop, ms', '< 150'],
  ['pooledRatioToStop', 'the deletion against that stop'],
  ['sagaCpuSecPer1000', 'CPU for 1,000 sagas, s'],
  ['floorCpuSecPer1000', 'CPU for 1,000 times the bare effects, s'],
  ['bullmqCpuSecPer1000', 'CPU for 1,000 bare BullMQ jobs, s'],
  ['engineCpuSecPer1000', "CPU for 1,000 of the peers' sagas, s"],
  ['engineFloorCpuSecPer1000', 'CPU for 1,000 times their bare effects, s'],
];

export function toTable(figures: Readonly<Record<string, unknown>>): string {
  const rows = LINES.filter(([key]) => typeof figures[key] === 'number').map(
    ([key, what, goal = '']) => [what, String(figures[key]), goal] as const,
  );
  return rows
    .map(([what, value, goal]) => `${what.padEnd(48)}${value.padStart(10)}   ${goal}`.trimEnd())
    .join('\n');
}

/** Keys of what was not measured are left out. */
export function toFigures(measures: Measures): Readonly<Record<string, unknown>> {
  const {
    variants,
    accept,
    workerMemoryMb,
    poolFile,
    syncAll,
    oneSync,
    pooled,
    streams,
    fair,
    scale,
    page,
    long,
  } = measures;
  const { sagas, floor, bullmq, engine } = variants;
  const engineFloor = variants['engine-floor'];
  const engineBullmq = variants['engine-bullmq'];
  const figures: Record<string, unknown> = {
    sagasPerSec: rounded(sagas?.perSec, 1),
    floorPerSec: rounded(floor?.perSec, 1),
    bullmqPerSec: rounded(bullmq?.perSec, 1),
    ratioToFloor: rounded(quotient(sagas?.perSec, floor?.perSec), 3),
    ratioToBullmq: rounded(quotient(sagas?.perSec, bullmq?.perSec), 3),
    addedLatencyMs: rounded(difference(sagas?.p50Ms, floor?.p50Ms), 2),
    enginePerSec: rounded(engine?.perSec, 1),
    engineFloorPerSec: rounded(engineFloor?.perSec, 1),
    engineBullmqPerSec: rounded(engineBullmq?.perSec, 1),
    engineRatioToFloor: rounded(quotient(engine?.perSec, engineFloor?.perSec), 3),
    engineRatioToBullmq: rounded(quotient(engine?.perSec, engineBullmq?.perSec), 3),
    engineP50Ms: rounded(engine?.p50Ms, 2),
    engineFloorP50Ms: rounded(engineFloor?.p50Ms, 2),
    engineBullmqP50Ms: rounded(engineBullmq?.p50Ms, 2),
    engineP50RatioToFloor: rounded(quotient(engine?.p50Ms, engineFloor?.p50Ms), 2),
    engineCpuSecPer1000: rounded(engine?.cpuSecPer1000, 3),
    engineFloorCpuSecPer1000: rounded(engineFloor?.cpuSecPer1000, 3),
    acceptMedianMs: rounded(accept?.medianMs, 2),
    workerMemoryMb: rounded(workerMemoryMb, 1),
    poolFile50DeletionsMs: rounded(poolFile?.totalMs, 1),
    acceptP95Ms: rounded(accept?.p95Ms, 2),
    sagaP50Ms: rounded(sagas?.p50Ms, 2),
    sagaP95Ms: rounded(sagas?.p95Ms, 2),
    floorP50Ms: rounded(floor?.p50Ms, 2),
    floorP95Ms: rounded(floor?.p95Ms, 2),
    bullmqP50Ms: rounded(bullmq?.p50Ms, 2),
    bullmqP95Ms: rounded(bullmq?.p95Ms, 2),
    sagaCpuSecPer1000: rounded(sagas?.cpuSecPer1000, 3),
    floorCpuSecPer1000: rounded(floor?.cpuSecPer1000, 3),
    bullmqCpuSecPer1000: rounded(bullmq?.cpuSecPer1000, 3),
    fairRatioToAlone: rounded(quotient(fair?.behindMs, fair?.aloneMs), 2),
    fairAloneMs: rounded(fair?.aloneMs, 0),
    scaleRatioToOne: rounded(quotient(cpuMsOf(scale?.one), cpuMsOf(scale?.four)), 2),
    scaleOneWorkerMs: rounded(scale?.one.ofWorkers, 2),
    scaleOneMongodbMs: rounded(scale?.one.ofMongodb, 2),
    scaleOneCommands: rounded(scale?.one.commands, 1),
    scaleFourWorkerMs: rounded(scale?.four.ofWorkers, 2),
    scaleFourMongodbMs: rounded(scale?.four.ofMongodb, 2),
    scaleFourCommands: rounded(scale?.four.commands, 1),
    ...longFigures(long),
    streamsWithMb: rounded(streams?.withMb, 1),
    streamsWithoutMb: rounded(streams?.withoutMb, 1),
    streamsEachKb: rounded(eachKb(streams), 1),
    acceptRatioToNoStreams: rounded(quotient(streams?.acceptWithMs, streams?.acceptWithoutMs), 2),
    acceptWithStreamsMs: rounded(streams?.acceptWithMs, 2),
    acceptWithoutStreamsMs: rounded(streams?.acceptWithoutMs, 2),
    pagePaintMs: rounded(page?.firstPaintMs, 0),
    pageCompleteMs: rounded(page?.completeMs, 0),
    pageKb: rounded(page?.weightKb, 1),
    poolFileRenames: poolFile?.renames,
    poolFileReadMs: rounded(poolFile?.readMs, 3),
    syncAllPerCpuSec: rounded(syncAll?.perCpuSecond, 0),
    syncAllPerSec: rounded(syncAll?.perSecond, 0),
    syncAllPeakMb: rounded(syncAll?.peakMb, 1),
    syncAllGrowth: rounded(syncAll?.growth, 2),
    syncAllRatioToLoop: rounded(quotient(syncAll?.perSecond, syncAll?.loopPerSecond), 1),
    syncAllFoundShare: rounded(syncAll?.foundShare, 3),
    oneSyncMs: rounded(oneSync?.observeMs, 1),
    oneSyncRepairMs: rounded(oneSync?.repairMs, 1),
    pooledMs: rounded(pooled?.firstMs, 1),
    pooledNextMs: rounded(pooled?.nextMs, 1),
    pooledFloorMs: rounded(pooled?.floorMs, 1),
    pooledAddedMs: rounded(difference(pooled?.firstMs, pooled?.floorMs), 1),
    pooledRatioToStop: rounded(quotient(pooled?.firstMs, pooled?.floorMs), 2),
    roundsPerSec: Object.fromEntries(
      Object.entries(variants).map(([name, { ratesPerSec }]) => [
        name,
        ratesPerSec.map((rate) => rounded(rate, 1)),
      ]),
    ),
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}

function eachKb(measure: StreamsMeasure | undefined): number | undefined {
  if (measure === undefined) return undefined;
  return ((measure.withMb - measure.withoutMb) * 1_024) / measure.streams;
}

function rounded(value: number | undefined, decimals: number): number | undefined {
  return value === undefined ? undefined : Number(value.toFixed(decimals));
}

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

function cpuMsOf(cost: ScaleMeasure['one'] | undefined): number | undefined {
  return cost === undefined ? undefined : cost.ofWorkers + cost.ofMongodb;
}
