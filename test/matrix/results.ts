// What the runs of a kill matrix have shown, and what follows from it. Pure: lines in, facts out.

import type { Layer } from './layers.ts';

/** One mutation against the test files of one layer that can meet it: one line of the file of results. */
export interface MatrixRun {
  /** `none`: the sources as they are, which tells the files that fail anyway. */
  readonly mutation: string;
  readonly layer: Layer;
  /** What was checked out. */
  readonly commit: string;
  readonly passed: readonly string[];
  /** Of each file that failed the titles of its tests that did; none: the file did not load. */
  readonly failed: Readonly<Record<string, readonly string[]>>;
  /** No word of them when the time was over: counted as neither. */
  readonly unfinished: readonly string[];
}

export const NO_MUTATION = 'none';

export interface Matrix {
  readonly layers: readonly Layer[];
  readonly commits: readonly string[];
  readonly mutations: readonly MutationFacts[];
  readonly files: readonly FileFacts[];
  /** They fail without a mutation: their word counts for nothing. */
  readonly failAnyway: readonly string[];
}

export interface MutationFacts {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly ran: number;
  readonly killedBy: readonly string[];
  readonly unfinished: readonly string[];
}

export interface FileFacts {
  readonly file: string;
  /** How many mutations it met. */
  readonly met: number;
  readonly kills: readonly string[];
  /** Killed by no other file that was run. */
  readonly killsAlone: readonly string[];
}

/** The last line may be cut off, where a run was interrupted: it counts as not run. */
export function parseRuns(lines: string): readonly MatrixRun[] {
  const whole = lines.split('\n').slice(0, -1);
  return whole.map((line): MatrixRun => JSON.parse(line));
}

export function isRun(
  runs: readonly MatrixRun[],
  { mutation, layer }: Pick<MatrixRun, 'mutation' | 'layer'>,
): boolean {
  return runs.some((run) => run.mutation === mutation && run.layer === layer);
}

export function toMatrix(runs: readonly MatrixRun[]): Matrix {
  const newest = [...new Map(runs.map((run) => [`${run.mutation} ${run.layer}`, run])).values()];
  const plain = newest.filter(({ mutation }) => mutation === NO_MUTATION);
  const mutated = newest.filter(({ mutation }) => mutation !== NO_MUTATION);
  const failAnyway = new Set(
    plain.flatMap(({ failed, unfinished }) => [...Object.keys(failed), ...unfinished]),
  );
  const counts = (file: string) => !failAnyway.has(file);
  const names = [...new Set(mutated.map(({ mutation }) => mutation))];
  const mutations = names.map((name): MutationFacts => {
    const own = mutated.filter(({ mutation }) => mutation === name);
    const killedBy = own
      .flatMap(({ failed }) => Object.keys(failed))
      .filter(counts)
      .sort();
    const unfinished = own
      .flatMap((run) => run.unfinished)
      .filter(counts)
      .sort();
    const survived = own.flatMap(({ passed }) => passed).filter(counts);
    const ran = killedBy.length + survived.length;
    return { name, layers: own.map(({ layer }) => layer), ran, killedBy, unfinished };
  });
  return {
    layers: [...new Set(newest.map(({ layer }) => layer))],
    commits: [...new Set(newest.map(({ commit }) => commit))],
    mutations,
    files: filesOf(newest, mutated, mutations, counts),
    failAnyway: [...failAnyway].sort(),
  };
}

function filesOf(
  all: readonly MatrixRun[],
  mutated: readonly MatrixRun[],
  mutations: readonly MutationFacts[],
  counts: (file: string) => boolean,
): readonly FileFacts[] {
  const filesIn = ({ passed, failed }: MatrixRun) => [...passed, ...Object.keys(failed)];
  const files = [...new Set(all.flatMap(filesIn))].filter(counts).sort();
  return files.map((file) => {
    const killed = mutations.filter(({ killedBy }) => killedBy.includes(file));
    return {
      file,
      met: mutated.filter((run) => filesIn(run).includes(file)).length,
      kills: killed.map(({ name }) => name),
      killsAlone: killed.filter(({ killedBy }) => killedBy.length === 1).map(({ name }) => name),
    };
  });
}
