// Does pieces of work with a fixed number of them in flight, and says what it took.

import type { HerdBot } from './herd.ts';

export type DeleteBot = (bot: HerdBot) => Promise<void>;

export interface Drive {
  readonly perSec: number;
  /** From the start of each piece of work to its end, ascending. */
  readonly latenciesMs: readonly number[];
  /** CPU time of this process, in seconds for a thousand pieces. */
  readonly cpuSecPer1000: number;
}

/** As many as a worker runs at once by default. */
export const IN_FLIGHT = 50;

/** @throws the first error of a piece, or the signal's reason; what is in flight ends first. */
export async function drive<Piece>(
  pieces: readonly Piece[],
  inFlight: number,
  work: (piece: Piece) => Promise<void>,
  signal: AbortSignal,
): Promise<Drive> {
  const waiting = pieces.values();
  const latenciesMs: number[] = [];
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const lane = async () => {
    for (const piece of waiting) {
      signal.throwIfAborted();
      const started = performance.now();
      await work(piece);
      latenciesMs.push(performance.now() - started);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: inFlight }, lane));
  const tookMs = performance.now() - begun;
  const cpu = process.cpuUsage(cpuBefore);
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
  return {
    perSec: (pieces.length * 1_000) / tookMs,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
    cpuSecPer1000: (cpu.user + cpu.system) / 1_000 / pieces.length,
  };
}
