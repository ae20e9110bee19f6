// How long each kind of Docker call may take. A deadline that is over says nothing of the outcome; it
// only keeps one silent daemon from holding a worker slot, a sync or a shutdown.

import { USUAL_STOP_SECONDS } from '../../domain/bot.ts';

export interface Deadlines {
  /** Listings, inspects, folder reads. */
  readonly readMs: number;
  /** Changes that the daemon makes at once: update, start, pause, remove. Stop gets its grace on top. */
  readonly changeMs: number;
  /** Seconds between SIGTERM and SIGKILL for a container without a stop time of its own. */
  readonly stopGraceSeconds: number;
  /** The longest stop time of an owner's that is waited for, seconds: a container that has a longer one, or one without
   * end, is killed then. */
  readonly maxStopSeconds: number;
  /** A command in a pool container that answers at once (status, mv, rm, reread). */
  readonly commandMs: number;
  /** `supervisorctl stop` and `start`, which block for the program's stopwaitsecs and startsecs. A stopwaitsecs that is
   * longer than usual comes on top. */
  readonly programMs: number;
  /** From "removal accepted" to inspect's 404. */
  readonly removalMs: number;
  /** A ping of a host whose circuit is open. */
  readonly probeMs: number;
  /** For how long a host whose circuit is open is not asked again, but by calls that probe. */
  readonly refusedForMs: number;
  /** Between two observations of a container that was started; one that ends at once is started again by its policy in
   * about as long. */
  readonly startedForMs: number;
}

export const DEFAULT_DEADLINES: Deadlines = {
  readMs: 5_000,
  changeMs: 5_000,
  stopGraceSeconds: USUAL_STOP_SECONDS,
  maxStopSeconds: 120,
  commandMs: 8_000,
  programMs: 20_000,
  removalMs: 10_000,
  probeMs: 1_000,
  refusedForMs: 1_000,
  startedForMs: 300,
};
