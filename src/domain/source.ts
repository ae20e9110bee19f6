// What a source (wallet, pool state, Docker) can answer. I4: there is no third form, so an error can
// never become an empty list: whoever reads `items` has first shown that the source did answer.

export type SourceAnswer<T> = SourceOk<T> | SourceUnknown;

export interface SourceOk<T> {
  readonly status: 'ok';
  readonly items: T;
  /** When the answer was true, by the clock of the one who asked. */
  readonly observedAt: Date;
}

export interface SourceUnknown {
  readonly status: 'unknown';
  /** A short reason a person can act on, e.g. `docker host "b" did not answer within 5000 ms`. */
  readonly reason: string;
}

export function ok<T>(items: T, observedAt: Date): SourceOk<T> {
  return { status: 'ok', items, observedAt };
}

export function unknown(reason: string): SourceUnknown {
  return { status: 'unknown', reason };
}
