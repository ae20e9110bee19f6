// Traces, where a collector is configured. Loaded only then: without one the SDK costs neither time nor memory.

import type { Logger } from 'pino';
import type { Telemetry } from '../../infra/telemetry/start-telemetry.ts';
import type { Config } from '../config.ts';
import { VERSION } from '../version.ts';

export async function openTelemetry(
  { otlpEndpoint: endpoint, serviceName }: Pick<Config, 'otlpEndpoint' | 'serviceName'>,
  log: Logger,
): Promise<Telemetry | null> {
  if (endpoint === undefined) return null;
  const { startTelemetry } = await import('../../infra/telemetry/start-telemetry.ts');
  return startTelemetry({
    endpoint,
    serviceName,
    version: VERSION,
    onLost: (err) => log.warn({ err }, 'traces are lost: the collector does not take them'),
    onBack: () => log.info('the collector takes traces again'),
  });
}
