// Puts the points into what a worker works with: the definition's steps, the ports they call, the log. It knows
// nothing of what they do. What happens at a point is the plan's business: nothing, a death, an error.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { SagaDefinition, StepDefinition } from '../../definition.ts';
import type { LoggedEvent, SagaLog } from '../../log/saga-log.ts';
import {
  CLAIM,
  callIn,
  type Deed,
  deedOf,
  FENCE,
  type Moment,
  type Point,
  pointOf,
  RESUME,
} from './points.ts';

export interface CrashPlan {
  /** Called at every point; returns when the worker may continue, which may be never. What it throws is what the
   * deed came to. */
  reach(point: Point): Promise<void>;
  /** The same in front of one call of a port: what was called beside it is on its way already. */
  reachCall(point: Point): Promise<void>;
  /** Starts a call, which leaves this worker and is not answered yet. */
  underWay<T>(start: () => Promise<T>): Promise<T>;
}

/** The deed that a port is called in. */
const deeds = new AsyncLocalStorage<string>();

export function withCrashPoints(definition: SagaDefinition, plan: CrashPlan): SagaDefinition {
  const { fenceEffects } = definition;
  return {
    ...definition,
    steps: definition.steps.map((step) => stepWithPoints(step, plan)),
    ...(fenceEffects !== undefined && {
      fenceEffects: (call) => execute(plan, FENCE, () => fenceEffects.call(definition, call)),
    }),
  };
}

function stepWithPoints(step: StepDefinition, plan: CrashPlan): StepDefinition {
  const around = <Call, Result>(deed: Deed, method: (call: Call) => Promise<Result>) => {
    return (call: Call) => execute(plan, deedOf(deed, step.name), () => method.call(step, call));
  };
  const { observe } = step;
  const shared = {
    run: around('run', step.run),
    ...(observe !== undefined && { observe: around('observe', observe) }),
  };
  switch (step.kind) {
    case 'compensatable': {
      const { capture } = step;
      return {
        ...{ ...step, ...shared, compensate: around('compensate', step.compensate) },
        ...(capture !== undefined && { capture: around('capture', capture) }),
      };
    }
    case 'pivot': {
      const watched = around('observe', step.observe);
      return { ...step, ...shared, observe: watched, abort: around('abort', step.abort) };
    }
    case 'retriable':
      return { ...step, ...shared };
  }
}

async function execute<T>(plan: CrashPlan, deed: string, work: () => Promise<T>): Promise<T> {
  await plan.reach(pointOf(deed, 'before'));
  const result = await deeds.run(deed, work);
  await plan.reach(pointOf(deed, 'after'));
  return result;
}

/** The same service, with a point before and after each call of these methods. Default: of all its functions. */
export type Wire = <T extends object>(
  name: string,
  service: T,
  methods?: readonly (string & keyof T)[],
) => T;

export function wireOf(plan: CrashPlan): Wire {
  return (name, service, methods) => serviceWithPoints(plan, name, service, methods);
}

function serviceWithPoints<T extends object>(
  plan: CrashPlan,
  name: string,
  service: T,
  methods?: readonly string[],
): T {
  return new Proxy(service, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      const isWatched = typeof key === 'string' && (methods?.includes(key) ?? true);
      if (!isWatched || typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        const call = callIn(deeds.getStore() ?? 'nobody', `${name}.${key}`);
        await plan.reachCall(pointOf(call, 'before'));
        const result: unknown = await plan.underWay(() => Reflect.apply(member, target, args));
        await plan.reachCall(pointOf(call, 'after'));
        return result;
      };
    },
  });
}

/** A log whose writes are points too, and which a dead worker does not reach. */
export function logWithPoints(log: SagaLog, plan: CrashPlan): SagaLog {
  const alive = () => plan.reach(ALIVE);
  return {
    ...log,
    claim: async (sagaId, request) => {
      await plan.reach(pointOf(CLAIM, 'before'));
      const result = await log.claim(sagaId, request);
      if (result.status === 'claimed') await plan.reach(pointOf(CLAIM, 'logged'));
      return result;
    },
    commit: async (write) => {
      await alive();
      const result = await log.commit(write);
      if (result.status === 'landed') {
        for (const point of write.events.flatMap(loggedPoint)) await plan.reach(point);
      }
      return result;
    },
    release: async (claim) => {
      await alive();
      return log.release(claim);
    },
    prove: async (claim) => {
      await alive();
      return log.prove(claim);
    },
  };
}

/** No point of its own: a dead worker does not pass it, a living one does not notice it. */
export const ALIVE: Point = 'alive';

const DEED_OF_EVENT: Readonly<Record<string, Deed>> = {
  captured: 'capture',
  begun: 'begin',
  succeeded: 'run',
  postponed: 'run',
  failed: 'run',
  observed: 'observe',
  aborted: 'abort',
  compensated: 'compensate',
  'compensation-failed': 'compensate',
};

function loggedPoint({ type, step }: LoggedEvent): readonly Point[] {
  const moment: Moment = 'logged';
  if (type === 'resumed') return [pointOf(RESUME, moment)];
  if (type === 'effects-fenced') return [pointOf(FENCE, moment)];
  const deed = DEED_OF_EVENT[type];
  return deed === undefined || step === null ? [] : [pointOf(deedOf(deed, step), moment)];
}
