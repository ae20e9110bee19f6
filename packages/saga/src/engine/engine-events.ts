// What an engine reports to its program: for logs and metrics, never for decisions. No call waits; what one
// throws is reported, and stops no saga.

import type { Claim } from '../log/saga-log.ts';
import { toFailure } from '../run/failure.ts';
import type { Transition } from '../run/journal.ts';
import { shielded } from '../run/shielded.ts';

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

/** For an engine whose caller named no events of its own: what failed goes to standard error, the rest nowhere. */
const DEFAULT_EVENTS: EngineEvents = {
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

/** The given ones, and the defaults for the rest: none of them throws, and none leaves a rejection behind. */
export function shieldEvents(given: Partial<EngineEvents> = {}): EngineEvents {
  const failed = reporting('a failure', heard(given, 'failed'), DEFAULT_EVENTS.failed);
  const shield = <Name extends keyof EngineEvents>(what: string, name: Name) =>
    reporting(what, heard(given, name), failed);
  return {
    transition: shield('a transition', 'transition'),
    fenced: shield('a claim that was taken over', 'fenced'),
    repaired: shield('a repair', 'repaired'),
    stalled: shield('a stalled job', 'stalled'),
    foreignJob: shield('a foreign job', 'foreignJob'),
    leasesNotRenewed: shield('leases that were not renewed', 'leasesNotRenewed'),
    scheduled: shield('a schedule', 'scheduled'),
    failed,
  };
}

// A method of a class is not copied with its object, and needs it.
function heard<Name extends keyof EngineEvents>(
  given: Partial<EngineEvents>,
  name: Name,
): (...args: Parameters<EngineEvents[Name]>) => unknown {
  return (...args) => Reflect.apply(given[name] ?? DEFAULT_EVENTS[name], given, args);
}

/** `hear`, shielded: what it throws is reported as a failure. */
export function reporting<Args extends readonly unknown[]>(
  what: string,
  hear: (...args: Args) => unknown,
  failed: EngineEvents['failed'],
): (...args: Args) => void {
  return shielded(hear, (error) => failed(`a report of ${what}`, error));
}

function print(line: string): void {
  process.stderr.write(`saga engine: ${line}\n`);
}

function messageOf(error: unknown): string {
  return toFailure(error).message;
}
