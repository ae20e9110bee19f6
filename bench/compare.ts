// Sagas against their bare effects. The machine is shared and its speed changes by the minute, so the
// variants take turns in rounds that each begin with another one, and the medians are compared.

import { CONTESTANTS, type ContestantName } from './contestants.ts';
import { type Drive, drive, IN_FLIGHT } from './drive.ts';
import type { Environment } from './environment.ts';
import { quotient, type Row } from './report.ts';
import { median, quantile } from './statistics.ts';

export interface CompareOptions {
  readonly variants: readonly ContestantName[];
  readonly rounds: number;
  /** Pieces of work of one turn: before anything is timed, one at a time, and many in flight. */
  readonly warmUps: number;
  readonly alone: number;
  readonly together: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

interface VariantResult {
  readonly perSec: number;
  readonly cpuSecPer1000: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

interface Turn {
  readonly alone: Drive;
  readonly together: Drive;
}

export async function compare(
  environment: Environment,
  options: CompareOptions,
): Promise<readonly Row[]> {
  const { variants, rounds, say } = options;
  const turns = new Map<ContestantName, Turn[]>(variants.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % variants.length;
    for (const name of [...variants.slice(first), ...variants.slice(0, first)]) {
      const turn = await takeTurn(environment, name, options);
      turns.get(name)?.push(turn);
      say(`round ${round + 1} of ${rounds}: ${name} ${Math.round(turn.together.perSec)}/s`);
    }
  }
  const results = [...turns].map(([name, taken]) => [name, summarise(taken)] as const);
  return rowsOf(Object.fromEntries(results));
}

function takeTurn(
  environment: Environment,
  name: ContestantName,
  options: CompareOptions,
): Promise<Turn> {
  const { warmUps, alone, together, signal } = options;
  const size = warmUps + alone + together;
  return environment.measure(async (place) => {
    const contestant = await CONTESTANTS[name](place, size);
    const pieces = Array.from({ length: size }, (_, index) => index);
    try {
      const { work } = contestant;
      await drive(pieces.slice(0, warmUps), IN_FLIGHT, work, signal);
      const turn = {
        alone: await drive(pieces.slice(warmUps, warmUps + alone), 1, work, signal),
        together: await drive(pieces.slice(warmUps + alone), IN_FLIGHT, work, signal),
      };
      await contestant.verify();
      return turn;
    } finally {
      await contestant.close();
    }
  });
}

function summarise(turns: readonly Turn[]): VariantResult {
  const latenciesMs = turns.flatMap(({ alone }) => alone.latenciesMs);
  return {
    perSec: median(turns.map(({ together }) => together.perSec)),
    cpuSecPer1000: median(turns.map(({ together }) => together.cpuSecPer1000)),
    p50Ms: median(latenciesMs),
    p95Ms: quantile(latenciesMs, 0.95),
  };
}

type Results = Partial<Record<ContestantName, VariantResult>>;

function rowsOf(results: Results): readonly Row[] {
  const { sagas, floor, bullmq, engine } = results;
  const { 'engine-floor': engineFloor, 'engine-bullmq': engineBullmq } = results;
  const added = sagas === undefined || floor === undefined ? undefined : sagas.p50Ms - floor.p50Ms;
  const ratio = (one?: VariantResult, other?: VariantResult) =>
    quotient(one?.perSec, other?.perSec);
  return [
    ['sagasPerSec', sagas?.perSec, 1, 'sagas per second, 50 in flight'],
    ['floorPerSec', floor?.perSec, 1, 'the bare effects per second'],
    ['bullmqPerSec', bullmq?.perSec, 1, 'the effects in a bare BullMQ job, per second'],
    ['ratioToFloor', ratio(sagas, floor), 3, 'sagas against the bare effects', '>= 0.6'],
    ['ratioToBullmq', ratio(sagas, bullmq), 3, 'sagas against the bare BullMQ job', '>= 0.8'],
    ['sagaP50Ms', sagas?.p50Ms, 2, 'one saga alone, median, ms'],
    ['sagaP95Ms', sagas?.p95Ms, 2, 'one saga alone, 95 of 100, ms'],
    ['floorP50Ms', floor?.p50Ms, 2, 'the bare effects alone, median, ms'],
    ['bullmqP50Ms', bullmq?.p50Ms, 2, 'the bare BullMQ job alone, median, ms'],
    ['addedLatencyMs', added, 2, 'what the saga adds to the effects, ms', '< 15'],
    ['sagaCpuSecPer1000', sagas?.cpuSecPer1000, 3, 'CPU for 1,000 sagas, s'],
    ['floorCpuSecPer1000', floor?.cpuSecPer1000, 3, 'CPU for 1,000 times the bare effects, s'],
    ['bullmqCpuSecPer1000', bullmq?.cpuSecPer1000, 3, 'CPU for 1,000 bare BullMQ jobs, s'],
    ...peersRows(engine, engineFloor, engineBullmq, ratio),
  ];
}

function peersRows(
  engine: VariantResult | undefined,
  floor: VariantResult | undefined,
  bullmq: VariantResult | undefined,
  ratio: (one?: VariantResult, other?: VariantResult) => number | undefined,
): readonly Row[] {
  return [
    [
      'engineRatioToFloor',
      ratio(engine, floor),
      3,
      'the engine against its bare effects',
      '>= 0.75',
    ],
    ['engineRatioToBullmq', ratio(engine, bullmq), 3, 'the engine against a bare job', '>= 0.95'],
    ['enginePerSec', engine?.perSec, 1, "the engine alone, the peers' four steps, per second"],
    ['engineFloorPerSec', floor?.perSec, 1, 'its bare effects per second'],
    ['engineBullmqPerSec', bullmq?.perSec, 1, 'its effects in a bare BullMQ job, per second'],
    ['engineP50Ms', engine?.p50Ms, 2, 'the engine alone, one at a time, median, ms', '< 10'],
    ['engineFloorP50Ms', floor?.p50Ms, 2, 'its bare effects, one at a time, median, ms'],
    ['engineBullmqP50Ms', bullmq?.p50Ms, 2, 'its bare BullMQ job, one at a time, median, ms'],
    ['engineCpuSecPer1000', engine?.cpuSecPer1000, 3, "CPU for 1,000 of the peers' sagas, s"],
    ['engineFloorCpuSecPer1000', floor?.cpuSecPer1000, 3, 'CPU for 1,000 times their effects, s'],
  ];
}
