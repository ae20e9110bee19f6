// Goes through everything that can happen to one saga of a definition, and stops at the first broken promise with the
// shortest way that leads there. The world is a model of the steps: what the definition itself does is crashed, not
// searched.

import type { SagaDefinition } from '../../definition.ts';
import type { Json } from '../../json.ts';
import { shapeOf } from '../../machine/shape.ts';
import { isAtRest } from '../../machine/state.ts';
import type { StateId } from './machine-space.ts';
import { createSagaModel, type Model, type ModelOptions } from './saga-model.ts';
import { createPromises } from './saga-promises.ts';

export interface Searched {
  readonly states: number;
  readonly moves: number;
  /** Null: no promise was broken. */
  readonly breach: Breach | null;
}

export interface Breach {
  readonly promise: string;
  /** The moves that led to it. */
  readonly way: readonly string[];
  readonly world: Model['world'];
}

export interface SearchOptions {
  /** A broken log, to see that the search can find something. */
  readonly takesOldWrites?: boolean;
}

/** Attempts of a step that are distinguished. Two stand for a thousand: the machine compares them with their end alone. */
const BUDGET = 2;

/** Every order of what the steps answer, of crashes, takeovers, lost writes, cancels and operators' verbs. */
export function searchEveryOrder<Input extends Json>(
  definition: SagaDefinition<Input>,
  { takesOldWrites = false }: SearchOptions = {},
): Searched {
  const shape = shapeOf(definition);
  const steps = shape.steps.map((step) => ({
    ...step,
    attempts: Math.min(step.attempts, BUDGET),
    compensations: Math.min(step.compensations, BUDGET),
  }));
  return searchSagas({
    shape: { ...shape, steps },
    mayGiveUp: definition.steps.flatMap(({ deadline, kind }, index) =>
      deadline !== undefined && kind === 'compensatable' ? index : [],
    ),
    isFenced: definition.fenceEffects !== undefined,
    takesOldWrites,
  });
}

function searchSagas(options: ModelOptions): Searched {
  const model = createSagaModel(options);
  const stateOf = (id: StateId) => model.space.stateOf(id);
  const promises = createPromises(options.shape, stateOf);
  const seen = createSeen();
  /** For each state, those that lead on from it while nothing goes wrong. */
  const onwards: number[][] = [];
  let moves = 0;

  function broken(promise: string, way: readonly string[], { world }: Model): Searched {
    return { states: seen.all.length, moves, breach: { promise, way, world } };
  }

  seen.add(model.initial, 0, '');
  for (const [index, before] of seen.all.entries()) {
    const next: number[] = [];
    for (const { what, after, isSmooth } of model.movesFrom(before)) {
      moves += 1;
      const known = seen.all.length;
      const to = seen.add(after, index, what);
      const isNew = to === known;
      const promise =
        promises.brokenBy(before, what, after) ?? (isNew ? promises.brokenIn(after) : null);
      if (promise !== null) return broken(promise, [...seen.wayTo(index), what], after);
      if (isSmooth) next.push(to);
    }
    const isOver = isAtRest(stateOf(before.log).phase);
    if (!isOver && next.length === 0) {
      return broken('I10: nothing can continue', seen.wayTo(index), before);
    }
    onwards.push(isOver ? [] : next);
  }
  const circle = findCircle(onwards);
  const lost = circle === null ? undefined : seen.all[circle];
  if (circle !== null && lost !== undefined) {
    return broken('I10: it runs in circles', seen.wayTo(circle), lost);
  }
  return { states: seen.all.length, moves, breach: null };
}

/** Every state once, in the order they were come to, and how. */
function createSeen() {
  const numbersOf = createNumbers();
  const numbers = new Map<number, Map<number, number>>();
  const all: Model[] = [];
  const cameFrom: { readonly from: number; readonly what: string }[] = [];
  return {
    all,
    add: (model: Model, from: number, what: string): number => {
      const [believed, there] = numbersOf(model);
      const alike = numbers.get(believed) ?? new Map<number, number>();
      numbers.set(believed, alike);
      const known = alike.get(there);
      if (known !== undefined) return known;
      alike.set(there, all.length);
      cameFrom.push({ from, what });
      return all.push(model) - 1;
    },
    wayTo: (index: number): readonly string[] => {
      const way: string[] = [];
      for (let at = index; at > 0; at = cameFrom[at]?.from ?? 0) {
        way.unshift(cameFrom[at]?.what ?? '');
      }
      return way;
    },
  };
}

const EFFECTS = { absent: 0, landed: 1, undone: 2 };
const ATTEMPTS = { run: 1, compensate: 2, abort: 3 };
/** More steps than any definition has, more states than its machine, more events than its alphabet. */
const [STEPS, STATES, EVENTS] = [8, 2 ** 16, 2 ** 10];

/** A state in two numbers, what the log holds and what the world is: a search compares millions of them. */
function createNumbers(): (model: Model) => readonly [number, number] {
  const numbers = new Map<unknown, number>();
  const numberOf = (event: unknown) => {
    const known = numbers.get(event) ?? numbers.size + 1;
    numbers.set(event, known);
    return known;
  };
  return ({ log, majority, wasClaimed, worker, world }) => {
    const { effects, isAborting, late, undead } = world;
    const view = worker === null ? 0 : worker.view + 1;
    let there = worker?.unwritten.length ?? 0;
    there = there * 4 + (wasClaimed ? 1 : 0) + (isAborting ? 2 : 0);
    there = there * STEPS + (late === null ? 0 : late + 1);
    there = there * STEPS + (undead === null ? 0 : undead.step);
    there = there * 4 + (undead === null ? 0 : ATTEMPTS[undead.type]);
    for (const effect of effects) there = there * 3 + EFFECTS[effect];
    for (const event of worker?.unwritten ?? []) there = there * EVENTS + numberOf(event);
    return [(log * STATES + majority) * STATES + view, there];
  };
}

/** @returns a node on a way that never ends, or null. Removes what reaches an end, from the ends on. */
function findCircle(onwards: readonly (readonly number[])[]): number | null {
  const left = onwards.map((next) => next.length);
  const backwards: number[][] = onwards.map(() => []);
  for (const [from, next] of onwards.entries()) for (const to of next) backwards[to]?.push(from);
  const ending = left.flatMap((count, node) => (count === 0 ? [node] : []));
  for (const node of ending) {
    for (const from of backwards[node] ?? []) {
      left[from] = (left[from] ?? 0) - 1;
      if (left[from] === 0) ending.push(from);
    }
  }
  const circle = left.findIndex((count) => count > 0);
  return circle < 0 ? null : circle;
}
