// One saga and everything that can happen to it next, for a search: the machine's state as the log holds it and as a
// majority holds it, the worker that runs it with what it has not written yet, and the world it acts on. Workers die
// and are taken over at any point, what only the primary holds is lost, people cancel and order, answers are wrong in
// every way that the machine knows.

import type { Command, SagaEvent } from '../../machine/events.ts';
import { decide } from '../../machine/machine.ts';
import type { SagaShape } from '../../machine/shape.ts';
import { isAtRest } from '../../machine/state.ts';
import { mustLandFirst, needsMajority } from '../../run/journal.ts';
import { createMachineSpace, type StateId } from './machine-space.ts';
import { type Attempt, createWorldRules, type World } from './model-world.ts';
import { CLAIMED_AGAIN, eventsOf, HOLD } from './saga-events.ts';

export interface Model {
  /** What the log holds, and what of it a majority holds: the rest may be rolled back. */
  readonly log: StateId;
  readonly majority: StateId;
  readonly wasClaimed: boolean;
  readonly worker: Worker | null;
  readonly world: World;
}

interface Worker {
  /** The state it decides from: what it knows of the log, and what it has not written yet. */
  readonly view: StateId;
  readonly unwritten: readonly SagaEvent[];
}

export interface Move {
  readonly what: string;
  readonly after: Model;
  /** Nothing went wrong in it: every saga must come to rest by such moves alone (I10). */
  readonly isSmooth: boolean;
}

export interface ModelOptions {
  readonly shape: SagaShape;
  /** Steps with a deadline that may end them with a warning. */
  readonly mayGiveUp: readonly number[];
  /** Whether it fences its effects: its first step takes a lock that an operator's end gives back. */
  readonly isFenced: boolean;
  /** A broken log: it takes the writes of older claims too (I5). Default: it refuses them. */
  readonly takesOldWrites?: boolean;
}

export function createSagaModel(options: ModelOptions) {
  const { shape, mayGiveUp, isFenced, takesOldWrites = false } = options;
  const space = createMachineSpace(shape);
  const events = eventsOf(shape, mayGiveUp);
  const rules = createWorldRules(shape, isFenced);
  const commands = new Map<StateId, Command>();

  function commandOf(id: StateId): Command {
    const known = commands.get(id) ?? decide(shape, space.stateOf(id));
    commands.set(id, known);
    return known;
  }

  // The journal: what the worker knows now, and what of it is written before it continues.
  function record(model: Model, worker: Worker, event: SagaEvent): readonly Model[] {
    const view = space.apply(worker.view, event);
    if (view === worker.view) return [{ ...model, worker }];
    const change = changeOf(worker.view, event, view);
    const told = { ...model, worker: { view, unwritten: [...worker.unwritten, event] } };
    const isStepDone = change.after.cursor > change.before.cursor;
    return isStepDone && !mustLandFirst(change) ? [told, ...write(told)] : write(told);
  }

  function changeOf(before: StateId, event: SagaEvent, after: StateId) {
    return { before: space.stateOf(before), event, after: space.stateOf(after) };
  }

  /** The write of the worker that holds the claim; on the primary alone it may be rolled back. */
  function write(model: Model): readonly Model[] {
    const { worker, log } = model;
    if (worker === null) return [];
    let state = log;
    let isPromise = false;
    for (const event of worker.unwritten) {
      const after = space.apply(state, event);
      if (after !== state) isPromise ||= needsMajority(shape, changeOf(state, event, after));
      state = after;
    }
    const next = isAtRest(space.stateOf(state).phase) ? null : { view: state, unwritten: [] };
    const written = { ...model, log: state, worker: next };
    return isPromise || state === log
      ? [{ ...written, majority: isPromise ? state : model.majority }]
      : [written];
  }

  function moves(model: Model): Move[] {
    const found: Move[] = [];
    const add = (what: string, after: Model, isSmooth = false) => {
      found.push({ what, after: { ...after, world: rules.alive(after.world) }, isSmooth });
    };
    if (!isAtRest(space.stateOf(model.log).phase)) addClaims(model, add);
    if (model.worker !== null) addWork(model, model.worker, add);
    addRest(model, add);
    return found;
  }

  type Add = (what: string, after: Model, isSmooth?: boolean) => void;

  // A lease may run out at any moment: its holder may be in the middle of an operation.
  function addClaims(model: Model, add: Add): void {
    const { worker, world, log, wasClaimed } = model;
    const left: (Attempt | null)[] = [world.undead];
    if (worker !== null) left.push(attemptOf(commandOf(worker.view)));
    if (world.late !== null) left.push({ type: 'run', step: world.late });
    for (const undead of left) {
      const claimed = {
        ...model,
        wasClaimed: true,
        world: rules.alive({ ...world, late: null, undead }),
      };
      add('claim, and die', { ...claimed, worker: null });
      const fresh = { view: log, unwritten: [] };
      const begun = wasClaimed
        ? record(claimed, fresh, CLAIMED_AGAIN)
        : [{ ...claimed, worker: fresh }, ...beginnings(claimed)];
      for (const after of begun) add('claim', after, worker === null);
    }
  }

  /** The first claim may store the captures with it. */
  function beginnings(claimed: Model): readonly Model[] {
    if (space.stateOf(claimed.log).phase !== 'queued') return [];
    return events.answersTo({ type: 'capture-all' }).map((event) => {
      const state = space.apply(claimed.log, event);
      return { ...claimed, log: state, majority: state, worker: { view: state, unwritten: [] } };
    });
  }

  function attemptOf(command: Command): Attempt | null {
    const { type } = command;
    return type === 'run' || type === 'compensate' || type === 'abort'
      ? { type, step: command.step }
      : null;
  }

  function addWork(model: Model, worker: Worker, add: Add): void {
    const command = commandOf(worker.view);
    const name = 'step' in command ? `${command.type} ${command.step}` : command.type;
    const attempt = attemptOf(command);
    add('die', { ...model, worker: null });
    if (worker.unwritten.length > 0) {
      for (const after of write(model)) add('write what is unwritten', after);
    }
    if (attempt !== null) {
      for (const world of rules.afterDeath(model.world, attempt)) {
        add(`${name}, and die`, { ...model, world, worker: null });
      }
    }
    for (const event of events.answersTo(command)) {
      for (const world of rules.after(model.world, command, event)) {
        const isSmooth = isSuccess(event);
        for (const after of record({ ...model, world }, worker, event)) {
          add(`${name}: ${describeEvent(event)}`, after, isSmooth);
        }
      }
    }
  }

  function addRest(model: Model, add: Add): void {
    const { world, log, majority } = model;
    const { undead } = world;
    if (world.late !== null) {
      add('a late effect lands', {
        ...model,
        world: { ...rules.carryOut(world, { type: 'run', step: world.late }), late: null },
      });
    }
    if (undead !== null) {
      add('the undead one acts', { ...model, world: rules.carryOut(world, undead) });
      addOldWrites(model, undead, add);
    }
    if (log !== majority) add('a new primary knows less', { ...model, log: majority });
    for (const event of events.orders) {
      const state = space.apply(log, event);
      if (state === log) continue;
      if (event === HOLD) {
        addHolds({ ...model, log: state, majority: state }, add);
        continue;
      }
      const released =
        event.type === 'resolve-ordered' && isFenced
          ? rules.carryOut(world, { type: 'compensate', step: 0 })
          : world;
      add(describeEvent(event), { ...model, log: state, majority: state, world: released });
    }
  }

  // Its worker may be in the middle of an operation, and learns of it by its next write.
  function addHolds(model: Model, add: Add): void {
    const { worker, world } = model;
    const left = worker === null ? world.undead : attemptOf(commandOf(worker.view));
    for (const undead of new Set([world.undead, left])) {
      add(describeEvent(HOLD), { ...model, worker: null, world: { ...world, undead } });
    }
  }

  // Fenced: nothing is written, and the undead one has learnt that it is dead.
  function addOldWrites(model: Model, undead: Attempt, add: Add): void {
    const gone = { ...model, world: { ...model.world, undead: null } };
    if (!takesOldWrites) add(OLD_WRITE, gone);
    for (const event of takesOldWrites ? events.answersTo(undead) : []) {
      const log = space.apply(model.log, event);
      add(`${OLD_WRITE} ${describeEvent(event)}`, { ...gone, log });
    }
  }

  const initial: Model = {
    log: space.initial,
    majority: space.initial,
    wasClaimed: false,
    worker: null,
    world: rules.initial,
  };
  return { initial, space, movesFrom: moves };
}

/** What the moves of an older claim's write begin with. */
export const OLD_WRITE = 'the undead one writes';

function isSuccess(event: SagaEvent): boolean {
  if (event.type === 'succeeded') return event.warnings.length === 0;
  if (event.type === 'observed' || event.type === 'aborted')
    return event.observed.outcome !== 'unknown';
  return SUCCESSES.has(event.type);
}

const SUCCESSES: ReadonlySet<string> = new Set([
  'effects-fenced',
  'captured-all',
  'captured',
  'begun',
  'compensated',
]);

function describeEvent(event: SagaEvent): string {
  if ('failure' in event) return `${event.type}, ${event.failure.class}`;
  if ('observed' in event) return `${event.type}, ${event.observed.outcome}`;
  return event.type === 'resolve-ordered' ? `${event.type}, ${event.outcome}` : event.type;
}
