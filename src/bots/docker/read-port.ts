// The port of a bot in a pool, from its own files. All that name one must name the same: freqtrade lets the environment
// win over the config, and a file that is older than the process says what was.

import { InDoubtError } from '@reclaim/saga';
import type { ObservedPooled } from '../../domain/bot.ts';
import type { BotsCall, PortReading } from '../bots.ts';
import { readDefinitions } from '../supervisor/parse-conf.ts';
import { botOfConf } from '../supervisor/program-names.ts';
import { type BotConfig, isPort } from './bot-config.ts';
import { DockerAnswerError } from './docker-errors.ts';
import type { DockerServices } from './docker-services.ts';
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
    const own = files.filter(({ name, isOfBots }) => isOfBots && botOfConf(name) === instanceId);
    const programs = readDefinitions(own).programs.map(({ text }) => text);
    const named = [...portsOfConfig(config), ...programs.flatMap(portsOfProgram)];
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

function portsOfConfig(config: BotConfig | null): readonly unknown[] {
  const server = config?.api_server;
  const isThere = typeof server === 'object' && server !== null && 'listen_port' in server;
  return isThere ? [server.listen_port] : [];
}

function portsOfProgram(text: string): readonly number[] {
  return [...text.matchAll(PORT)].map(([, digits]) => Number(digits));
}

/** freqtrade's own name for it in its environment, and the usual option of a command. */
const PORT = /(?:FREQTRADE__API_SERVER__LISTEN_PORT=["']?|--port[ =])(\d{1,5})(?!\d)/g;

function unreadable(reason: string, ports: readonly number[] | null): PortReading {
  return { status: 'unreadable', reason, ports };
}
