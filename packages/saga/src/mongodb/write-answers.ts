// The answer to a write whose effect was not observed afterwards. Never "it did not happen" unless the server confirmed
// that: money is only tried again where that is safe to know (I2).

import { HoldError, InDoubtError, RetryableError } from '../errors.ts';
import { DOCUMENT_FAILED_VALIDATION, DOCUMENT_TOO_LARGE, messageOf } from './mongo-errors.ts';
import type { WriteOutcome } from './write-then-read.ts';

/** Returns where a reply arrived: the write's condition simply did not hold.
 * @param what the thing written to, for the message, e.g. `the account`.
 * @throws InDoubtError `MONGODB_WRITE_IN_DOUBT`; HoldError `DOCUMENT_REFUSED_BY_VALIDATOR` or
 * `DOCUMENT_TOO_LARGE`; RetryableError `MONGODB_REFUSED`. */
export function rejectUnlessAnswered(outcome: WriteOutcome | null, what: string): void {
  if (outcome === null || outcome.status === 'acknowledged') return;
  const { error: cause } = outcome;
  if (outcome.status === 'unknown') throw inDoubt(what, cause);
  if (outcome.code === DOCUMENT_FAILED_VALIDATION) {
    throw new HoldError(
      'DOCUMENT_REFUSED_BY_VALIDATOR',
      `the schema of the collection refuses the write to ${what}: ${messageOf(cause)}`,
      { cause },
    );
  }
  if (DOCUMENT_TOO_LARGE.has(outcome.code)) {
    throw new HoldError('DOCUMENT_TOO_LARGE', `${what} has no room left: ${messageOf(cause)}`, {
      cause,
    });
  }
  throw new RetryableError('MONGODB_REFUSED', messageOf(cause), {
    cause,
    context: { code: outcome.code },
  });
}

export function inDoubt(what: string, cause: unknown): InDoubtError {
  return new InDoubtError(
    'MONGODB_WRITE_IN_DOUBT',
    `a write to ${what} was not answered: ${messageOf(cause)}`,
    { cause },
  );
}
