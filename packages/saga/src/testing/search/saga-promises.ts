// What must hold of one saga in every state, and of every move between two: the invariants that the engine keeps by
// itself (I1, I5, I6, I9). They are checked on the world first, and on the log for what it records of the world.

import type { SagaShape } from '../../machine/shape.ts';
import { isEnded, type SagaState } from '../../machine/state.ts';
import type { StateId } from './machine-space.ts';
import type { World } from './model-world.ts';
import { unfinished } from './saga-events.ts';
import { type Model, OLD_WRITE } from './saga-model.ts';

/** Each answers with the promise that is broken, or null. */
export function createPromises({ steps }: SagaShape, stateOf: (id: StateId) => SagaState) {
  /** The pivot, or the first retriable step where there is none; -1: every step can be undone. */
  const decisive = steps.findIndex(({ kind }) => kind !== 'compensatable');
  const isDecided = ({ effects }: World) => effects[decisive] === 'landed';

  /** What people are shown is what a majority holds. */
  function brokenBy(before: Model, what: string, after: Model): string | null {
    const [was, is] = [stateOf(before.majority), stateOf(after.majority)];
    const isChanged = after.log !== before.log || after.majority !== before.majority;
    if (isChanged && what.startsWith(OLD_WRITE)) return 'I5: an older claim changed the log';
    if (isChanged && FORBIDDEN.has(what) && stateOf(before.log).pivotBegun) {
      return `I6: ${what} changed a saga beyond the point of no return`;
    }
    if (isEnded(was.phase) && after.majority !== before.majority) return 'I9: an end changed';
    if (rankOf(is) < rankOf(was)) return 'I9: a phase went back';
    if (isDecided(after.world) && !isDecided(before.world) && !was.pivotBegun) {
      return 'I6: beyond the point of no return before that intent was on a majority';
    }
    return null;
  }

  function brokenIn({ log, world }: Model): string | null {
    const state = stateOf(log);
    // A person has vouched for this end, regardless of the world.
    if (state.warnings.some(({ code }) => code === 'resolved-by-hand')) return null;
    return isDecided(world) ? brokenBeyond(state, world) : brokenBefore(state, world);
  }

  function brokenBeyond(state: SagaState, world: World): string | null {
    const { phase } = state;
    if (world.effects.includes('undone')) return 'I6: undone beyond the point of no return';
    if (phase === 'compensating') return 'I6: goes back beyond the point of no return';
    if (phase === 'compensated' || phase === 'cancelled') {
      return `I1: ${phase}, but the pivot has landed`;
    }
    return brokenWhenCompleted(state, world);
  }

  function brokenWhenCompleted({ phase, warnings }: SagaState, { effects }: World): string | null {
    const isNamed = (name: string) => warnings.some(({ code }) => code === unfinished(name));
    const isWhole = steps.every(({ name }, n) => effects[n] === 'landed' || isNamed(name));
    return phase !== 'completed' || isWhole
      ? null
      : 'I1: completed, but an effect is neither there nor named';
  }

  function brokenBefore({ phase, ...state }: SagaState, world: World): string | null {
    const { effects } = world;
    const hasPivot = steps[decisive]?.kind === 'pivot';
    const isEarly = steps.some(({ kind }, n) => kind === 'retriable' && effects[n] === 'landed');
    if (hasPivot && isEarly) return 'I6: something irreversible before the pivot';
    if (hasPivot && phase === 'completed') return 'I1: completed, but the pivot has not landed';
    if (phase === 'completed') return brokenWhenCompleted({ phase, ...state }, world);
    if (phase === 'compensated' && effects.includes('landed')) {
      return 'I1: compensated, but an effect is still there';
    }
    const isUntouched =
      effects.every((effect) => effect === 'absent') &&
      state.steps.every(({ status }) => status === 'pending');
    return phase !== 'cancelled' || isUntouched
      ? null
      : 'I1: cancelled, but something has happened';
  }

  return { brokenBy, brokenIn };
}

const FORBIDDEN: ReadonlySet<string> = new Set(['cancel-requested', 'compensate-ordered']);

/** How far along each phase is: a status never goes back (I9). Stuck has none. */
const RANKS = {
  queued: 0,
  running: 1,
  compensating: 2,
  completed: 3,
  compensated: 3,
  cancelled: 3,
};

/** Stuck is a rest on the way it was going. */
export function rankOf({ phase, stuckFrom }: SagaState): number {
  return phase === 'stuck' ? RANKS[stuckFrom ?? 'running'] : RANKS[phase];
}
