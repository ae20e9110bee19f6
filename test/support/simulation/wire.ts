// The wire between one worker and everything it talks to: calls are slow, refused, or lose their answers; what was sent
// may arrive long after its sender has given up; a worker that is dead sends and hears nothing, and one that is frozen
// goes on as if no time had passed.

import { InDoubtError, SagaError, UnavailableError } from '../../../packages/saga/src/errors.ts';
import type { Clock } from '../../../packages/saga/src/run/clock.ts';
import type { Chance } from '../../../packages/saga/src/testing/simulation/seeded-chance.ts';
import type { VirtualTime } from '../../../packages/saga/src/testing/simulation/virtual-time.ts';

export type Service = 'log' | 'wallet' | 'docker' | 'file';

/** What the whole world shares of its faults. */
export interface Weather {
  readonly time: VirtualTime;
  readonly chance: Chance;
  /** Nothing goes wrong any more. */
  isCalm: boolean;
  /** How many of all calls go wrong. */
  faults: number;
  /** A service that takes its time, often more than its callers have. */
  sluggish: Service | null;
  /** Until when each service is away. */
  readonly awayUntilMs: Record<Service, number>;
  /** What Docker was sent and has not done yet: one daemon does one thing after the other. */
  readonly atDocker: Set<() => void>;
  readonly tell: (line: string) => void;
}

/** Longer than any step waits: what it began goes on although its worker has given it up. */
const SLOWEST_MS = 45_000;
/** Every adapter gives up by itself, if nobody else has. */
const HANGS_FOR_MS = 60_000;

const SLUGGISHNESS = 0.3;

export interface Wire {
  readonly name: string;
  isDead: boolean;
  frozenUntilMs: number;
  /** Until then the primary that it talks to is none any more, and does not know it. */
  cutOffUntilMs: number;
  isCutOff(): boolean;
  /** @param effect what the call does when it arrives, in one go. */
  call<T>(service: Service, what: string, effect: () => T | Promise<T>): Promise<T>;
}

/** One process's idea of the database's time. It reads it again every few seconds, so that it is right in the end. */
export function skewedClock(weather: Weather, skewMs: number): Clock {
  return {
    nowMs: () => weather.time.nowMs() + (weather.isCalm ? 0 : skewMs),
    monotonicMs: () => weather.time.nowMs(),
  };
}

type Fate = 'answered' | 'slow' | 'refused' | 'answer lost' | 'late' | 'twice' | 'hangs';

export function createWire(name: string, weather: Weather): Wire {
  const { time, chance, tell } = weather;

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** A worker that has died in between never gets here. */
  async function atWorker(): Promise<void> {
    if (wire.isDead) await new Promise<never>(() => undefined);
    while (wire.frozenUntilMs > time.nowMs()) await wait(wire.frozenUntilMs - time.nowMs());
    if (wire.isDead) await new Promise<never>(() => undefined);
  }

  function fateOf(service: Service): Fate {
    if (weather.sluggish === service && chance.hits(SLUGGISHNESS)) return 'slow';
    if (!chance.hits(weather.faults)) return 'answered';
    const fate = chance.pick<Fate>([
      'slow',
      'refused',
      'answer lost',
      'answer lost',
      'late',
      'twice',
      'hangs',
    ]);
    // Only the wallet is told so often: Docker and the file are asked again by nobody but their callers.
    if (service !== 'wallet' && fate === 'twice') return 'slow';
    // The log's adapter answers within its own time or says that it could not; a file is written under a lock.
    if (service === 'log' && fate === 'hangs') return 'slow';
    return (service === 'log' || service === 'file') && fate === 'late' ? 'refused' : fate;
  }

  /** The effect, once, at the latest when the next call arrives at Docker. */
  function sent<T>(service: Service, effect: () => T | Promise<T>): () => T | Promise<T> {
    if (service !== 'docker') return effect;
    let done: { readonly value: T | Promise<T> } | null = null;
    const once = () => {
      weather.atDocker.delete(once);
      done ??= { value: effect() };
      return done.value;
    };
    weather.atDocker.add(once);
    return once;
  }

  async function carry<T>(service: Service, what: string, given: () => T | Promise<T>): Promise<T> {
    if (wire.isDead || service !== 'docker') await atWorker();
    await wait(chance.between(1, 8));
    if (wire.isDead) await atWorker();
    if (weather.awayUntilMs[service] > time.nowMs()) throw away(what);
    const fate = fateOf(service);
    tell(`${name} ${what}: ${fate}`);
    if (fate === 'refused') throw away(what);
    if (service === 'docker') for (const pending of [...weather.atDocker]) pending();
    const effect = sent(service, given);
    switch (fate) {
      case 'answered':
        return effect();
      case 'slow':
        await wait(chance.between(100, chance.pick([1_000, 8_000, SLOWEST_MS])));
        return effect();
      case 'answer lost':
        unheard(effect);
        throw chance.hits(0.5) ? away(what) : lost(service, what);
      case 'late':
        arriveLate(what, effect);
        throw lost(service, what);
      case 'twice':
        arriveLate(what, effect);
        return effect();
      case 'hangs':
        if (chance.hits(0.5)) unheard(effect);
        else weather.atDocker.delete(effect);
        await wait(HANGS_FOR_MS);
        throw lost(service, what);
    }
  }

  function arriveLate(what: string, effect: () => unknown): void {
    setTimeout(
      () => {
        tell(`${name} ${what}: arrives late`);
        unheard(effect);
      },
      chance.between(1, chance.pick([300, 3_000, 40_000])),
    );
  }

  const wire: Wire = {
    name,
    isDead: false,
    frozenUntilMs: 0,
    cutOffUntilMs: 0,
    isCutOff: () => wire.cutOffUntilMs > time.nowMs(),
    call: async (service, what, effect) => {
      try {
        return await carry(service, what, effect);
      } finally {
        await atWorker();
      }
    },
  };
  return wire;
}

/** Nobody hears what came of it: a refusal either. */
function unheard(effect: () => unknown): void {
  const ignore = (error: unknown) => {
    if (!(error instanceof SagaError)) throw error;
  };
  try {
    const answer = effect();
    if (answer instanceof Promise) answer.catch(ignore);
  } catch (error) {
    ignore(error);
  }
}

function away(what: string) {
  return new UnavailableError('AWAY', `${what}: nobody answers`);
}

/** The log's adapter reads its writes back: it knows, or it is away. */
function lost(service: Service, what: string) {
  if (service === 'log') return away(what);
  return new InDoubtError('NO_ANSWER', `${what}: no answer`);
}
