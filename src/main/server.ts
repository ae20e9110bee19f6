// The entry point of the API: configuration, servers of its own where none are given, services, HTTP and
// workers; and their end, in the reverse order, on a signal or a fault.

import { createLogger } from '../infra/log/logger.ts';
import { type Application, startApplication } from './compose/application.ts';
import { DEFAULT_KEY_PREFIX } from './compose/services.ts';
import { parseConfig } from './config.ts';
import { endGracefully } from './graceful-end.ts';
import { tellFault } from './start-fault.ts';
import { printLine, printThrown } from './terminal.ts';

/** Docker and process managers kill after ten seconds. */
const STOP_WITHIN_MS = 9_500;

const stopping = new AbortController();
let starting: Promise<Application> | undefined;

const grace = endGracefully({
  withinMs: STOP_WITHIN_MS,
  say: printLine,
  end: async (fault) => {
    if (fault !== undefined) printThrown(fault);
    stopping.abort();
    // A start that is under way ends what it has begun by itself.
    const application = await starting?.catch(() => undefined);
    await application?.stop();
  },
});

try {
  const config = parseConfig(process.env, 'server');
  starting = startApplication({
    config,
    log: createLogger(config.logLevel),
    say: printLine,
    signal: stopping.signal,
    keyPrefix: process.env.RECLAIM_KEY_PREFIX ?? DEFAULT_KEY_PREFIX,
    onLost: (what) => {
      printLine(what);
      grace.fail();
    },
  });
  await starting;
} catch (error) {
  grace.uninstall();
  if (!stopping.signal.aborted) {
    tellFault(error);
    process.exitCode = 1;
  }
}
