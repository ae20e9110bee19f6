// Sagas against their bare effects. The machine is shared and its speed changes by the minute, so the
// variants take turns in rounds that each begin with another one, and the medians are compared.

import { type Drive, drive, IN_FLIGHT } from './drive.ts';
import type { Environment } from './environment.ts';
import { requirePaid, seedContainers, seedUsers } from './herd.ts';
import { median, quantile } from './statistics.ts';
import { VARIANTS, type VariantName } from './variants.ts';

export interface CompareOptions {
  readonly variants: readonly VariantName[];
  readonly rounds: number;
  /** Deletions of one turn: before anything is timed, one at a time, and many in flight. */
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
): Promise<Partial<Record<VariantName, VariantResult>>> {
  const { variants, rounds, onTurn } = options;
  const turns = new Map<VariantName, Turn[]>(variants.map((name) => [name, []]));
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
  name: VariantName,
  options: CompareOptions,
): Promise<Turn> {
  const { warmUps, alone, together, signal } = options;
  const size = warmUps + alone + together;
  return environment.measure(async (place) => {
    const services = await place.services();
    const bots = await seedUsers(services.connection, place.writePoolState, size);
    await seedContainers(services.connection, bots);
    const variant = await VARIANTS[name](services, bots, signal);
    try {
      const { deleteBot } = variant;
      await drive(bots.slice(0, warmUps), IN_FLIGHT, deleteBot, signal);
      const turn = {
        alone: await drive(bots.slice(warmUps, warmUps + alone), 1, deleteBot, signal),
        together: await drive(bots.slice(warmUps + alone), IN_FLIGHT, deleteBot, signal),
      };
      await requirePaid(services.connection, size);
      return turn;
    } finally {
      await variant.close();
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
