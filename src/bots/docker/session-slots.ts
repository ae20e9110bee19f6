// The places of a host's containers in which a program runs, is being started or is ending, and who waits for one of
// them to change. A container is remembered only while something of it is: those that are gone must not collect.

import { within } from '@reclaim/saga';
import type { Session } from './session.ts';

export interface Place<Answer> {
  /** `ending`: it takes no line any more, but may still run inside the container. */
  state: 'opening' | 'busy' | 'idle' | 'ending';
  /** Null until its exec has started. */
  session: Session<Answer> | null;
  /** When `timeout` ends it, by `performance.now()`. */
  endsAt: number;
  idleTimer: NodeJS.Timeout | undefined;
  lifeTimer: NodeJS.Timeout | undefined;
}

export interface Container<Answer> {
  readonly id: string;
  /** Those begun and not known to have ended. */
  readonly places: Set<Place<Answer>>;
  /** When one was last lent, by `performance.now()`. */
  lentAt: number;
  /** What the last start took. */
  startMs: number;
  /** Woken at every change: each checks again whether there is one for it. */
  readonly waiting: Set<() => void>;
}

export type Places<Answer> = ReturnType<typeof createPlaces<Answer>>;

export function createPlaces<Answer>() {
  const containers = new Map<string, Container<Answer>>();

  /** Wakes all that wait for one of the container's, and forgets it where nothing is left of it. */
  function changed(container: Container<Answer>): void {
    for (const wake of container.waiting) wake();
    if (container.places.size + container.waiting.size === 0) containers.delete(container.id);
  }

  return {
    /** Of an id that is not known: a fresh one, kept from now on. */
    containerOf: (id: string): Container<Answer> => {
      const known = containers.get(id);
      if (known !== undefined) return known;
      const fresh = { id, places: new Set<Place<Answer>>(), waiting: new Set<() => void>() };
      const container = { ...fresh, lentAt: 0, startMs: 0 };
      containers.set(id, container);
      return container;
    },
    all: (): readonly Place<Answer>[] =>
      [...containers.values()].flatMap(({ places }) => [...places]),
    changed,
    /** One whose program is known to have ended, or never began. */
    release: (container: Container<Answer>, place: Place<Answer>): void => {
      clearTimeout(place.idleTimer);
      clearTimeout(place.lifeTimer);
      container.places.delete(place);
      changed(container);
    },
  };
}

/** The next time that anything of the container's changes, or the time is over, or the signal aborts. */
export async function nextChange(
  { waiting }: Pick<Container<unknown>, 'waiting'>,
  ms: number,
  signal: AbortSignal,
) {
  const { promise: changed, resolve: wake } = Promise.withResolvers<void>();
  waiting.add(wake);
  await within(changed, { ms, signal, late: undefined });
  waiting.delete(wake);
}
