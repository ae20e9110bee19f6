// The entry point of the API: configuration, servers of its own where none are given, services, workers, the
// HTTP application; and their end, in the reverse order, on a signal.

import { pino } from 'pino';
import { startApplication } from './application.ts';
import { ConfigError, parseConfig } from './config.ts';
import { DEFAULT_KEY_PREFIX } from './services.ts';

/** Docker and process managers kill after ten seconds. */
const STOP_WITHIN_MS = 9_500;

const stopping = new AbortController();
let application: Awaited<ReturnType<typeof startApplication>> | undefined;

function stop(exitCode: number): void {
  if (stopping.signal.aborted) return;
  stopping.abort();
  const lateness = setTimeout(() => process.exit(1), STOP_WITHIN_MS);
  void (application?.stop() ?? Promise.resolve()).then(
    () => {
      clearTimeout(lateness);
      process.exit(exitCode);
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}

process.on('SIGINT', () => stop(0));
process.on('SIGTERM', () => stop(0));

try {
  const config = parseConfig(process.env, 'server');
  const log = pino({ level: config.logLevel });
  application = await startApplication({
    config,
    log,
    say: (line) => console.error(line),
    signal: stopping.signal,
    keyPrefix: process.env.RECLAIM_KEY_PREFIX ?? DEFAULT_KEY_PREFIX,
    onLost: (what) => {
      log.fatal({ what }, 'a server is gone');
      stop(1);
    },
  });
  if (stopping.signal.aborted) await application.stop();
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exitCode = 1;
  }
}
