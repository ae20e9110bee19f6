// Sagas against their bare effects. The machine is shared and its speed changes by the minute, so the
// variants take turns in rounds that each begin with another one, and the medians are compared.

import { CONTESTANTS, type ContestantName } from './contestants.ts';
import { type Drive, drive, IN_FLIGHT } from './drive.ts';
import type { Environment } from './environment.ts';
import { median, quantile } from './statistics.ts';

export interface CompareOptions {
  readonly variants: readonly ContestantName[];
  readonly rounds: number;
  /** Pieces of work of one turn: before anything is timed, one at a time, and many in flight. */
  readonly warmUps: number;
  readonly alone: number;
  readonly together: number;
  readonly signal: AbortSignal;
  readonly onTurn: (line: string) => void;
}

export interface VariantResult {
  readonly perSec: number;
  readonly cpuSecPer1000: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Of each round, in order. */
  readonly ratesPerSec: readonly number[];
}

interface Turn {
  readonly alone: Drive;
  readonly together: Drive;
}

export async function compare(
  environment: Environment,
  options: CompareOptions,
): Promise<Partial<Record<ContestantName, VariantResult>>> {
  const { variants, rounds, onTurn } = options;
  const turns = new Map<ContestantName, Turn[]>(variants.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % variants.length;
    for (const name of [...variants.slice(first), ...variants.slice(0, first)]) {
      const turn = await takeTurn(environment, name, options);
      turns.get(name)?.push(turn);
      onTurn(`round ${round + 1} of ${rounds}: ${name} ${Math.round(turn.together.perSec)}/s`);
    }
  }
  const results = [...turns].map(([name, taken]) => [name, summarise(taken)] as const);
  return Object.fromEntries(results);
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
  const ratesPerSec = turns.map(({ together }) => together.perSec);
  return {
    perSec: median(ratesPerSec),
    cpuSecPer1000: median(turns.map(({ together }) => together.cpuSecPer1000)),
    p50Ms: median(latenciesMs),
    p95Ms: quantile(latenciesMs, 0.95),
    ratesPerSec,
  };
}
