// The link between one process and everything it talks to: calls are slow, refused, or lose their answers; what was sent
// may arrive long after its sender has given up; a worker that is dead sends and receives nothing, and one that is
// frozen continues as if no time had passed.

import { InDoubtError, SagaError, UnavailableError } from '../../errors.ts';
import type { Clock } from '../../run/clock.ts';
import type { Chance } from './seeded-chance.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How the calls of a service can fail beside being slow, refused or unanswered, which all of them can be. */
export interface ServiceTraits {
  /** A call can arrive twice. */
  readonly repeats?: boolean;
  /** A call can be left without any answer. */
  readonly hangs?: boolean;
  /** What was sent can arrive long after its sender has given up. */
  readonly arrivesLate?: boolean;
  /** It does one thing after the other: what was sent late has arrived by the time of the next call. */
  readonly isSerial?: boolean;
}

export type Services = Readonly<Record<string, ServiceTraits>>;

/** What the whole world shares of its faults. */
export interface Weather {
  readonly time: VirtualTime;
  readonly chance: Chance;
  /** Nothing goes wrong any more. */
  isCalm: boolean;
  /** How many of all calls go wrong. */
  faults: number;
  /** A service that takes its time, often more than its callers have. */
  sluggish: string | null;
  /** Until when each service is away. */
  readonly awayUntilMs: Map<string, number>;
  readonly services: Services;
  /** What serial services were sent and have not done yet. */
  readonly pending: Map<string, Set<() => void>>;
  readonly trace: (line: string) => void;
}

/** Longer than any step waits: what it began continues although its worker has given it up. */
const SLOWEST_MS = 45_000;
/** Every adapter gives up by itself, if its caller has not. */
const HANGS_FOR_MS = 60_000;

const SLUGGISHNESS = 0.3;

export interface Link {
  readonly name: string;
  isDead: boolean;
  frozenUntilMs: number;
  /** Until then the primary that it talks to is none any more, and does not know it. */
  cutOffUntilMs: number;
  isCutOff(): boolean;
  /** @param effect what the call does when it arrives, in one go. */
  call<T>(service: string, what: string, effect: () => T | Promise<T>): Promise<T>;
}

/** One process's idea of the database's time. It reads it again every few seconds, so that it is right in the end. */
export function skewedClock(weather: Weather, skewMs: number): Clock {
  return {
    nowMs: () => weather.time.nowMs() + (weather.isCalm ? 0 : skewMs),
    monotonicMs: () => weather.time.nowMs(),
  };
}

type Fate = 'answered' | 'slow' | 'refused' | 'answer lost' | 'late' | 'twice' | 'hangs';

export function createLink(name: string, weather: Weather): Link {
  const { time, chance, trace, services } = weather;

  const isSerial = (service: string) => services[service]?.isSerial === true;

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** A worker that has died in between never gets here. */
  async function atWorker(): Promise<void> {
    if (link.isDead) await new Promise<never>(() => undefined);
    while (link.frozenUntilMs > time.nowMs()) await wait(link.frozenUntilMs - time.nowMs());
    if (link.isDead) await new Promise<never>(() => undefined);
  }

  function fateOf(service: string): Fate {
    const { repeats = false, hangs = false, arrivesLate = false } = services[service] ?? {};
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
    if (fate === 'twice' && !repeats) return 'slow';
    if (fate === 'hangs' && !hangs) return 'slow';
    return fate === 'late' && !arrivesLate ? 'refused' : fate;
  }

  function pendingAt(service: string): Set<() => void> {
    const known = weather.pending.get(service) ?? new Set();
    weather.pending.set(service, known);
    return known;
  }

  /** The effect, once, at a serial service when the next call arrives at the latest. */
  function sent<T>(service: string, effect: () => T | Promise<T>): () => T | Promise<T> {
    if (!isSerial(service)) return effect;
    let done: { readonly value: T | Promise<T> } | null = null;
    const once = () => {
      pendingAt(service).delete(once);
      done ??= { value: effect() };
      return done.value;
    };
    pendingAt(service).add(once);
    return once;
  }

  async function carry<T>(service: string, what: string, given: () => T | Promise<T>): Promise<T> {
    if (link.isDead || !isSerial(service)) await atWorker();
    await wait(chance.between(1, 8));
    if (link.isDead) await atWorker();
    if ((weather.awayUntilMs.get(service) ?? 0) > time.nowMs()) throw away(what);
    const fate = fateOf(service);
    trace(`${name} ${what}: ${fate}`);
    if (fate === 'refused') throw away(what);
    if (isSerial(service)) for (const arrive of [...pendingAt(service)]) arrive();
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
        else pendingAt(service).delete(effect);
        await wait(HANGS_FOR_MS);
        throw lost(service, what);
    }
  }

  function arriveLate(what: string, effect: () => unknown): void {
    setTimeout(
      () => {
        trace(`${name} ${what}: arrives late`);
        unheard(effect);
      },
      chance.between(1, chance.pick([300, 3_000, 40_000])),
    );
  }

  const link: Link = {
    name,
    isDead: false,
    frozenUntilMs: 0,
    cutOffUntilMs: 0,
    isCutOff: () => link.cutOffUntilMs > time.nowMs(),
    call: async (service, what, effect) => {
      try {
        return await carry(service, what, effect);
      } finally {
        await atWorker();
      }
    },
  };
  return link;
}

/** No caller receives the outcome: not even a refusal. */
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
  return new UnavailableError('AWAY', `${what}: no answer, and nothing has happened`);
}

/** The saga log is a service of every simulation. Its adapter reads its writes back and answers within its own time: it
 * knows, or it is away. */
export const LOG = 'log';

function lost(service: string, what: string) {
  if (service === LOG) return away(what);
  return new InDoubtError('NO_ANSWER', `${what}: no answer`);
}
