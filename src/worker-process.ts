// A process that only works: no HTTP, nothing embedded. Ends at the next step boundaries on a signal.

import { pino } from 'pino';
import { ConfigError, parseConfig } from './config.ts';
import { createServices, DEFAULT_KEY_PREFIX } from './services.ts';
import { startWorkers, type WorkerRole } from './worker-set.ts';

/** Process managers kill after ten seconds. */
const STOP_WITHIN_MS = 9_500;

export async function runWorkerProcess(roles: readonly WorkerRole[]): Promise<void> {
  try {
    const config = parseConfig(process.env, 'worker');
    const log = pino({ level: config.logLevel });
    const { mongodbUri, redisUrl } = config;
    if (mongodbUri === undefined || redisUrl === undefined)
      throw new Error('no servers were given');
    const services = await createServices({
      config,
      log,
      mongodbUri,
      redisUrl,
      keyPrefix: process.env.RECLAIM_KEY_PREFIX ?? DEFAULT_KEY_PREFIX,
    });
    const workers = startWorkers(services, roles);
    log.info({ roles, bots: services.runtime.kind, why: services.runtime.reason }, 'working');
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    await asked;
    const lateness = setTimeout(() => process.exit(1), STOP_WITHIN_MS);
    await workers.stop();
    await services.close();
    clearTimeout(lateness);
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exitCode = 1;
  }
}
