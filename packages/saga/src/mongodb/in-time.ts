// The end of every call to MongoDB. The driver (7.8) waits for a socket to `drain` and does not notice that the socket was
// closed meanwhile: a command that did not fit into the socket's buffer when its connection was cut then never
// answers, past every timeout of the connection. What waits for it would wait for ever (I10).

import { MongoOperationTimeoutError } from 'mongodb';
import { within } from '../run/deadline.ts';

/** In ms. More than the socket's own timeout (30 s) and a second try of the driver after a failover. */
export const OPERATION_MS = 60_000;

const LATE = Symbol('late');

/** @throws MongoOperationTimeoutError: the operation may have landed, may still land, or never. */
export async function inTime<T>(operation: Promise<T>, ms = OPERATION_MS): Promise<T> {
  const answer = await within(operation, { ms, late: LATE });
  if (answer === LATE) {
    throw new MongoOperationTimeoutError(`no answer within ${ms} ms`);
  }
  return answer as T;
}
