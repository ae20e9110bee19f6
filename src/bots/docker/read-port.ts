// The port of a bot in a pool, from its own files. All that name one must name the same: freqtrade lets the environment
// win over the config, and a file that is older than the process says what was.

import { InDoubtError } from '@reclaim/saga';
import type { ObservedPooled } from '../../domain/bot.ts';
import type { BotsCall, PortReading } from '../bots.ts';
import { isPort } from './bot-config.ts';
import { DockerAnswerError } from './docker-errors.ts';
import type { DockerServices } from './docker-services.ts';
import { portsOfConfig, portsOfPrograms } from './named-ports.ts';
import { resolvePool } from './resolve-pool.ts';

/** @throws SagaError when the files could not be asked for. */
export async function readPort(
  host: DockerServices,
  instanceId: string,
  observed: ObservedPooled,
  call: BotsCall,
): Promise<PortReading> {
  const pool = await resolvePool(host, observed, call);
  if (pool === null) return unreadable('its pool is gone', null);
  try {
    const [config, files] = await Promise.all([
      host.configs.read({ kind: 'pooled', containerId: pool.id }, instanceId, call),
      host.conf.read(pool.id, call),
    ]);
    const named = [...portsOfConfig(config), ...portsOfPrograms(files, instanceId)];
    // Without a config of the usual name it may have one of another.
    return named.length === 0
      ? unreadable('its files name no port', config === null ? null : [])
      : onlyPort(named);
  } catch (error) {
    // What was answered and cannot be read will not read better the next time: it is for a person.
    if (error instanceof InDoubtError && !(error instanceof DockerAnswerError)) {
      return unreadable(error.message, null);
    }
    throw error;
  }
}

/** The one port that all of them name. */
function onlyPort(said: readonly unknown[]): PortReading {
  const ports = new Set(said);
  const [port] = ports;
  if (ports.size === 1 && isPort(port)) return { status: 'read', port };
  const asNumbers = [...ports].map((one) => (typeof one === 'string' ? Number(one) : one));
  const possible = asNumbers.every(isPort) ? asNumbers : null;
  return ports.size > 1
    ? unreadable('its files name more than one port', possible)
    : unreadable('its files name what is no port', possible);
}

function unreadable(reason: string, ports: readonly number[] | null): PortReading {
  return { status: 'unreadable', reason, ports };
}
