// What an engine reports to its program: for logs and metrics, never for decisions. No call waits; what one
// throws is reported, and stops no saga.

import type { Claim } from '../log/saga-log.ts';
import { redact } from '../redact.ts';
import type { Transition } from '../run/journal.ts';

export interface EngineEvents {
  /** A state has landed in the log. */
  transition(transition: Transition): void;
  /** Another worker has claimed the saga; this one stopped. */
  fenced(claim: Claim): void;
  /** The relay made a wake-up anew that was lost or stuck. */
  repaired(repair: { readonly sagaId: string; readonly kind: string }): void;
  /** A job's worker died or hung; BullMQ gave the job to another. */
  stalled(jobId: string): void;
  /** A job of a saga that this database does not hold: another installation uses the same Redis keys. */
  foreignJob(jobId: string, queue: string): void;
  /** Leases could not be renewed, or not in time. */
  leasesNotRenewed(error: unknown): void;
  /** A schedule was missing, and was made again. */
  scheduled(schedule: { readonly name: string; readonly everyMs: number }): void;
  /** Something failed that comes again by itself.
   * @param what a sentence fragment, e.g. `relay failed`. */
  failed(what: string, error: unknown): void;
}

const nothing = () => undefined;
const MESSAGE_CHARS = 500;

/** For an engine whose caller named no events of its own: what failed goes to standard error, the rest nowhere. */
export const DEFAULT_EVENTS: EngineEvents = {
  transition: nothing,
  fenced: nothing,
  repaired: nothing,
  stalled: nothing,
  foreignJob: (jobId, queue) =>
    print(`a job of another installation in the queue ${queue}: ${jobId}`),
  leasesNotRenewed: (error) => print(`leases not renewed: ${messageOf(error)}`),
  scheduled: nothing,
  failed: (what, error) => print(`${what}: ${messageOf(error)}`),
};

/** The same, none of which throws. */
export function shieldEvents(events: EngineEvents): EngineEvents {
  const failed = shielded('a failure', events.failed, DEFAULT_EVENTS.failed);
  const shield = <Args extends readonly unknown[]>(what: string, hear: (...args: Args) => void) =>
    shielded(what, hear, failed);
  return {
    transition: shield('a transition', events.transition),
    fenced: shield('a claim that was taken over', events.fenced),
    repaired: shield('a repair', events.repaired),
    stalled: shield('a stalled job', events.stalled),
    foreignJob: shield('a foreign job', events.foreignJob),
    leasesNotRenewed: shield('leases that were not renewed', events.leasesNotRenewed),
    scheduled: shield('a schedule', events.scheduled),
    failed,
  };
}

export function shielded<Args extends readonly unknown[]>(
  what: string,
  hear: (...args: Args) => void,
  failed: EngineEvents['failed'],
): (...args: Args) => void {
  return (...args) => {
    try {
      hear(...args);
    } catch (error) {
      failed(`a report of ${what}`, error);
    }
  };
}

function print(line: string): void {
  process.stderr.write(`saga engine: ${line}\n`);
}

function messageOf(error: unknown): string {
  return redact(error instanceof Error ? error.message : String(error), MESSAGE_CHARS);
}
