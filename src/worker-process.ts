// A process that only works: no API, nothing embedded. On a signal it ends at the next step boundaries.

import { ConfigError, parseConfig } from './config.ts';
import { endGracefully } from './graceful-end.ts';
import { createLogger } from './logger.ts';
import { listenForMetrics } from './metrics-listener.ts';
import { createServices, DEFAULT_KEY_PREFIX } from './services.ts';
import { printLine, printThrown } from './terminal.ts';
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
    const listener = await listenForMetrics(services).catch(async (error: unknown) => {
      await services.close();
      throw error;
    });
    const workers = startWorkers(services, roles);
    endGracefully({
      withinMs: STOP_WITHIN_MS,
      say: printLine,
      end: async (fault) => {
        if (fault !== undefined) log.fatal({ err: fault }, 'ending on a fault');
        await workers.stop();
        await listener?.stop();
        await services.close();
      },
    });
    const { kind, reason } = services.runtime;
    log.info({ roles, bots: kind, why: reason, metrics: listener?.url ?? 'off' }, 'working');
  } catch (error) {
    printThrown(error, error instanceof ConfigError);
    process.exitCode = 1;
  }
}
