// The ports that a bot's own files name for its API. freqtrade lets the environment of its program win over its
// configuration. Pure.

import { type ConfFile, readDefinitions } from '../supervisor/parse-conf.ts';
import { botOfConf } from '../supervisor/program-names.ts';
import type { BotConfig } from './bot-config.ts';

/** As they stand there: a text, or a number that is no port. */
export function portsOfConfig(config: BotConfig | null): readonly unknown[] {
  const server = config?.api_server;
  const isThere = typeof server === 'object' && server !== null && 'listen_port' in server;
  return isThere ? [server.listen_port] : [];
}

/** What the conf files of the bot's name define. */
export function portsOfPrograms(files: readonly ConfFile[], instanceId: string): readonly number[] {
  const own = files.filter(({ name, isOfBots }) => isOfBots && botOfConf(name) === instanceId);
  return readDefinitions(own).programs.flatMap(({ text }) =>
    [...text.matchAll(PORT)].map(([, digits]) => Number(digits)),
  );
}

/** freqtrade's own name for it in its environment, and the usual option of a command. */
const PORT = /(?:FREQTRADE__API_SERVER__LISTEN_PORT=["']?|--port[ =])(\d{1,5})(?!\d)/g;
