// A process that only works: no HTTP, nothing embedded. On a signal it ends at the next step boundaries.

import closeWithGrace from 'close-with-grace';
import { ConfigError, parseConfig } from './config.ts';
import { createLogger } from './logger.ts';
import { createServices, DEFAULT_KEY_PREFIX } from './services.ts';
import { startWorkers, type WorkerRole } from './worker-set.ts';

/** Process managers kill after ten seconds. */
const STOP_WITHIN_MS = 9_500;

/** Resolves when the workers run; the process then lives until it is told to end. */
export async function runWorkerProcess(roles: readonly WorkerRole[]): Promise<void> {
  try {
    const config = parseConfig(process.env, 'worker');
    const log = createLogger(config.logLevel);
    const { mongodbUri = '', redisUrl = '' } = config;
    const keyPrefix = process.env.RECLAIM_KEY_PREFIX ?? DEFAULT_KEY_PREFIX;
    const services = await createServices({ config, log, mongodbUri, redisUrl, keyPrefix });
    const workers = startWorkers(services, roles);
    closeWithGrace({ delay: STOP_WITHIN_MS, logger: console }, async ({ err }) => {
      if (err !== undefined) log.fatal({ err }, 'ending on a fault');
      await workers.stop();
      await services.close();
    });
    log.info({ roles, bots: services.runtime.kind, why: services.runtime.reason }, 'working');
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exitCode = 1;
  }
}
