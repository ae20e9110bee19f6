// A process that only works: no API, nothing embedded. On a signal it ends at the next step boundaries.

import { createLogger } from '../infra/log/logger.ts';
import { awaitMongodb } from './await-mongodb.ts';
import { createServices, DEFAULT_KEY_PREFIX } from './compose/services.ts';
import { startWorkers, type WorkerRole } from './compose/workers.ts';
import { parseConfig } from './config.ts';
import { endGracefully } from './graceful-end.ts';
import { listenForMetrics } from './metrics-listener.ts';
import { tellFault } from './start-fault.ts';
import { printLine, printThrown } from './terminal.ts';

/** Process managers kill after ten seconds. */
const STOP_WITHIN_MS = 9_500;

/** Resolves when the workers run; the process then lives until it is told to end. */
export async function runWorkerProcess(roles: readonly WorkerRole[]): Promise<void> {
  const stopping = new AbortController();
  let starting: Promise<Stop> | undefined;
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
    starting = startProcess(roles, stopping.signal);
    await starting;
  } catch (error) {
    grace.uninstall();
    if (stopping.signal.aborted) return;
    tellFault(error);
    process.exitCode = 1;
  }
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
