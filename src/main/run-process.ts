// The lifecycle of a process: it starts, runs until a signal or a fault, and ends what it has begun.

import { endGracefully } from './graceful-end.ts';
import { reportFault } from './start-fault.ts';
import { printLine, printThrown } from './terminal.ts';

/** Docker and process managers kill after ten seconds. */
const STOP_WITHIN_MS = 9_500;

export interface ProcessControl {
  /** Fires when the process is to end: a start that is under way ends what it has begun by itself. */
  readonly signal: AbortSignal;
  /** Ends the process, with the exit code of a failure. */
  readonly fail: () => void;
}

/** Resolves when the start is over, whichever way.
 * @param start gives what ends the process again. */
export async function runProcess(
  start: (control: ProcessControl) => Promise<() => Promise<void>>,
): Promise<void> {
  const stopping = new AbortController();
  let starting: Promise<() => Promise<void>> | undefined;
  const grace = endGracefully({
    withinMs: STOP_WITHIN_MS,
    say: printLine,
    end: async (fault) => {
      if (fault !== undefined) printThrown(fault);
      stopping.abort();
      const stop = await starting?.catch(() => undefined);
      await stop?.();
    },
  });
  try {
    starting = start({ signal: stopping.signal, fail: grace.fail });
    await starting;
  } catch (error) {
    grace.uninstall();
    if (stopping.signal.aborted) return;
    reportFault(error);
    process.exitCode = 1;
  }
}
