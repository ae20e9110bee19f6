// A process that only works: no API, nothing embedded. On a signal it ends at the next step boundaries.

import { createLogger } from '../infra/log/logger.ts';
import { awaitMongodb } from './await-mongodb.ts';
import { createServices, DEFAULT_KEY_PREFIX } from './compose/services.ts';
import { startWorkers, type WorkerRole } from './compose/workers.ts';
import { parseConfig } from './config.ts';
import { listenForMetrics } from './metrics-listener.ts';
import { runProcess } from './run-process.ts';

/** Resolves when the workers run; the process then runs until it gets a signal to end. */
export function runWorkerProcess(roles: readonly WorkerRole[]): Promise<void> {
  return runProcess(({ signal }) => startProcess(roles, signal));
}

type Stop = () => Promise<void>;

async function startProcess(roles: readonly WorkerRole[], signal: AbortSignal): Promise<Stop> {
  const config = parseConfig(process.env, 'worker');
  const log = createLogger(config.logLevel);
  const { mongodbUri = '', redisUrl = '' } = config;
  const keyPrefix = process.env.RECLAIM_KEY_PREFIX ?? DEFAULT_KEY_PREFIX;
  await awaitMongodb({ uri: mongodbUri, say: (line) => log.warn(line), signal });
  const services = await createServices({ config, log, mongodbUri, redisUrl, keyPrefix });
  const listener = await listenForMetrics(services).catch(async (error: unknown) => {
    await services.close();
    throw error;
  });
  const workers = startWorkers(services, roles);
  const { kind, reason } = services.runtime;
  log.info({ roles, bots: kind, why: reason, metrics: listener?.url ?? 'off' }, 'working');
  return async () => {
    await workers.stop();
    await listener?.stop();
    await services.close();
  };
}
