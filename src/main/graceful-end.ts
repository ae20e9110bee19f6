// The end of a process: in order, once, and within a time limit, on a signal, a fault or its own wish. In a terminal
// one Ctrl-C comes twice: the terminal sends SIGINT to its whole foreground group, and npm passes its own on. So what
// repeats a signal within a second is the same wish; a later one is impatience, and ends the process at once.

import closeWithGrace from 'close-with-grace';
import { describeThrown } from '../infra/log/log-error.ts';

export interface GracefulEndOptions {
  /** Then the process ends all the same. */
  readonly withinMs: number;
  /** Lines for the person at the terminal. */
  readonly say: (line: string) => void;
  end(fault: unknown): Promise<void>;
}

const SAME_WISH_MS = 1_000;
/** Those that people and process managers send, and repeat. */
const WISHES = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** As a shell counts it: 128 and the number of SIGINT. */
const IMPATIENT_EXIT = 130;

export function endGracefully({ withinMs, say, end }: GracefulEndOptions) {
  let firstMs: number | undefined;
  const logger = {
    error: (what: unknown) => say(typeof what === 'string' ? what : describeThrown(what)),
  };
  const options = { delay: withinMs, logger, skip: [...WISHES] };
  let hasFailed = false;
  const grace = closeWithGrace(options, async ({ err }) => {
    await end(err);
    // What ends in order counts as success otherwise.
    if (hasFailed) process.exit(1);
  });
  const onWish = (signal: NodeJS.Signals) => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      say(`${signal}: stopping… (what runs comes to its next step first; once more ends at once)`);
      grace.close();
      return;
    }
    if (performance.now() - firstMs < SAME_WISH_MS) return;
    say(`${signal} again: ending at once`);
    process.exit(IMPATIENT_EXIT);
  };
  for (const signal of WISHES) process.on(signal, onWish);
  return {
    /** Ends by its own wish, with the exit code of a failure. */
    fail: (): void => {
      hasFailed = true;
      grace.close();
    },
    /** Signals do again what the system does with them. */
    uninstall: (): void => {
      grace.uninstall();
      for (const signal of WISHES) process.off(signal, onWish);
    },
  };
}
