// What a source (wallet, pool state, Docker) can answer. I4: there is no third form, so an error can
// never become an empty list: a reader of `items` has first shown that the source did answer.

export type SourceAnswer<T> = SourceOk<T> | SourceUnknown;

export interface SourceOk<T> {
  readonly status: 'ok';
  readonly items: T;
  /** When the answer was true, by the clock of the process that asked. */
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

/** What several sources that may hold the same things have answered. `ok`: all of them, and this is all there is.
 * `unknown`: not all; what the others have shown is evidence of presence and of nothing else (I4). */
export type JoinedAnswer<T> = SourceOk<readonly T[]> | FoundInPart<T>;

export interface FoundInPart<T> extends SourceUnknown {
  readonly found: readonly T[];
  readonly observedAt: Date;
}

/** @param now the latest that an answer can have been true. */
export function joinAnswers<T>(
  answers: readonly SourceAnswer<readonly T[]>[],
  now: Date,
): JoinedAnswer<T> {
  const found: T[] = [];
  const reasons: string[] = [];
  // As old as its oldest part.
  let observedAt = now;
  for (const answer of answers) {
    if (answer.status === 'unknown') reasons.push(answer.reason);
    else {
      found.push(...answer.items);
      if (answer.observedAt < observedAt) observedAt = answer.observedAt;
    }
  }
  // Where no source was asked none has answered.
  if (answers.length === 0) reasons.push('no source was asked');
  return reasons.length === 0
    ? ok(found, observedAt)
    : { ...unknown(reasons.join('; ')), found, observedAt };
}
