// The entry point of the API: configuration, servers of its own where none are given, services, HTTP and workers.

import { createLogger } from '../infra/log/logger.ts';
import { startApplication } from './compose/application.ts';
import { DEFAULT_KEY_PREFIX } from './compose/services.ts';
import { parseConfig } from './config.ts';
import { runProcess } from './run-process.ts';
import { printLine } from './terminal.ts';

await runProcess(async ({ signal, fail }) => {
  const config = parseConfig(process.env, 'server');
  const application = await startApplication({
    config,
    log: createLogger(config.logLevel),
    say: printLine,
    signal,
    keyPrefix: process.env.RECLAIM_KEY_PREFIX ?? DEFAULT_KEY_PREFIX,
    onLost: (what) => {
      printLine(what);
      fail();
    },
  });
  return () => application.stop();
});
