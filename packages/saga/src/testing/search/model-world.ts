// The world that one saga acts on, small enough to be searched: for each step whether its effect is there, whether the
// pivot has been forbidden, and what is still on its way from attempts that no worker waits for any more.
//
// What it takes for granted: an effect that no fence can reach lands before the next observation of it or never; one
// undead worker at a time stands for many. A saga that fences its effects holds a lock that its first step took: it
// carries the epoch of the newest claim, and the pivot needs it.

import type { Command, SagaEvent } from '../../machine/events.ts';
import type { SagaShape } from '../../machine/shape.ts';

export interface Attempt {
  readonly type: 'run' | 'compensate' | 'abort';
  readonly step: number;
}

export type Effect = 'absent' | 'landed' | 'undone';

export interface World {
  readonly effects: readonly Effect[];
  /** The pivot was made impossible. */
  readonly isAborting: boolean;
  /** A run of the newest claim that may still land although no worker waits for it any more. */
  readonly late: number | null;
  /** What a worker of an older claim is in the middle of, while it could still change something. */
  readonly undead: Attempt | null;
}

/** @param isFenced whether the definition fences its effects. */
export function createWorldRules({ steps }: SagaShape, isFenced: boolean) {
  const pivot = steps.findIndex(({ kind }) => kind === 'pivot');

  /** The pivot needs the lock where there is one, and that it was not aborted. */
  function land(world: World, step: number): World {
    const isUnlocked = isFenced && world.effects[0] !== 'landed';
    const isRefused = step === pivot && (isUnlocked || world.isAborting);
    return isRefused ? world : withEffect(world, step, 'landed');
  }

  function undo(world: World, step: number): World {
    return world.effects[step] === 'landed' ? withEffect(world, step, 'undone') : world;
  }

  /** What becomes of the world when this attempt arrives. */
  function carryOut(world: World, { type, step }: Attempt): World {
    switch (type) {
      case 'run':
        return land(world, step);
      case 'compensate':
        return undo(world, step);
      case 'abort':
        return world.isAborting ? world : { ...world, isAborting: true };
    }
  }

  /** The lock carries the newest claim's epoch from now on: no older one runs or aborts the pivot (I5). */
  function fenced(world: World): World {
    return isFenced && world.undead?.step === pivot ? { ...world, undead: null } : world;
  }

  /** What the world may be when this event is reported of this command. */
  function worldsOf(world: World, command: Command, event: SagaEvent): readonly World[] {
    switch (command.type) {
      case 'fence':
        return [fenced(world)];
      case 'run':
        return worldsOfRun(world, command, event);
      case 'observe':
        return worldsOfObservation(world, command.step, event);
      case 'abort': {
        const aborted = { ...world, isAborting: true };
        return event.type === 'aborted' && event.observed.outcome !== 'unknown'
          ? worldsOfObservation(aborted, command.step, event)
          : [world, aborted];
      }
      case 'compensate': {
        const undone = settled(undo(world, command.step), command.step);
        return event.type === 'compensated' ? [undone] : unique([world, undone]);
      }
      default:
        return [world];
    }
  }

  function worldsOfRun(world: World, { step }: { step: number }, event: SagaEvent) {
    const done = land(world, step);
    const landed = step === 0 ? fenced(done) : done;
    if (event.type === 'postponed') return [world];
    if (event.type !== 'succeeded') {
      const isInDoubt = event.type === 'failed' && event.failure.class === 'in-doubt';
      return unique([world, landed, ...(isInDoubt ? [{ ...world, late: step }] : [])]);
    }
    if (event.warnings.length > 0) return unique([world, landed]);
    return landed.effects[step] === 'landed' ? [settled(landed, step)] : [];
  }

  function worldsOfObservation(world: World, step: number, event: SagaEvent): readonly World[] {
    if (event.type !== 'observed' && event.type !== 'aborted') return [world];
    const { outcome } = event.observed;
    if (outcome === 'unknown') return [world];
    const isThere = world.effects[step] === 'landed';
    return isThere === (outcome === 'landed') ? [settled(world, step)] : [];
  }

  /** An attempt that can change nothing any more is none. */
  function alive(world: World): World {
    const { late, undead } = world;
    const isLate = late !== null && couldChange(world, { type: 'run', step: late });
    const isUndead = undead !== null && couldChange(world, undead);
    return { ...world, late: isLate ? late : null, undead: isUndead ? undead : null };
  }

  function couldChange(world: World, attempt: Attempt): boolean {
    return carryOut(world, attempt) !== world;
  }

  /** It was observed: what was on its way and cannot be fenced has landed by now or never will. */
  function settled(world: World, step: number): World {
    const { late, undead } = world;
    const isOver = undead?.type === 'run' && undead.step === step;
    if (step === pivot || (late !== step && !isOver)) return world;
    return { ...world, late: late === step ? null : late, undead: isOver ? null : undead };
  }

  /** What it may be when its worker dies in this attempt. */
  function diedIn(world: World, attempt: Attempt): readonly World[] {
    const done = carryOut(world, attempt);
    return unique(attempt.type === 'run' ? [done, { ...world, late: attempt.step }] : [done]);
  }

  const effects = steps.map((): Effect => 'absent');
  const initial: World = { effects, isAborting: false, late: null, undead: null };
  return {
    initial,
    carryOut,
    after: worldsOf,
    afterDeath: diedIn,
    alive,
  };
}

function withEffect(world: World, step: number, effect: Effect): World {
  return world.effects[step] === effect
    ? world
    : { ...world, effects: world.effects.with(step, effect) };
}

function unique(worlds: readonly World[]): readonly World[] {
  return [...new Set(worlds)];
}
