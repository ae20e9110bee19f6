// The configuration that a bot runs with, read in one place for its port, its address and its credentials: `config.json`
// in the bot's folder of a pool, as the platform writes it, or where freqtrade's image keeps it. Of a container that runs or not. It holds secrets (the exchange's keys, the API's password): what is read of it is never logged, and a
// message about it never quotes it.

import { InDoubtError } from '@reclaim/saga';
import type { ObservedBot } from '../../domain/bot.ts';
import type { BotsCall } from '../bots.ts';
import { readArchivedFolder } from './archived-folder.ts';
import type { HostCalls } from './host-calls.ts';

export type BotConfig = Readonly<Record<string, unknown>>;

/** As the platform mounts it. */
const DEDICATED_CONFIGS = ['/freqtrade/user_data/config.json', '/freqtrade/config.json'];
/** One with thousands of pairs in its lists is far below it. */
const MAX_BYTES = 1024 * 1024;

/** @param botsDir where bots keep their data, inside the pool. */
export function createBotConfigs(
  host: HostCalls,
  { botsDir, deadlineMs }: { readonly botsDir: string; readonly deadlineMs: number },
) {
  const pathsOf = (kind: ObservedBot['kind'], instanceId: string) => {
    if (kind === 'dedicated') return DEDICATED_CONFIGS;
    // An id with a slash would be another path, and no folder can be called so.
    return instanceId.includes('/') ? [] : [`${botsDir}/${instanceId}/config.json`];
  };
  /** Null: there is no such file. @throws InDoubtError when it is larger than any config, or no JSON object;
   * UnavailableError when the host did not answer. */
  const read = async (
    { kind, containerId }: Pick<ObservedBot, 'kind' | 'containerId'>,
    instanceId: string,
    call: BotsCall,
  ): Promise<BotConfig | null> => {
    const readAt = (path: string) =>
      readArchivedFolder(host, { containerId, path, deadlineMs, maxBytes: MAX_BYTES }, call);
    const folders = await Promise.all(pathsOf(kind, instanceId).map(readAt));
    const [file] = folders.flatMap((files) => files ?? []);
    return file === undefined ? null : parse(file.text);
  };
  return {
    read,
    /** Null too where what was read is no JSON object: it says nothing of the bot. @throws otherwise as `read`. */
    readIfConfig: (...asked: Parameters<typeof read>): Promise<BotConfig | null> =>
      read(...asked).catch((error: unknown) => {
        if (error instanceof InDoubtError && error.code === NO_CONFIG) return null;
        throw error;
      }),
  };
}

/** It was read, and is no configuration. */
const NO_CONFIG = 'BOT_CONFIG';

function parse(text: string): BotConfig {
  const config = parseRecord(text);
  if (config !== null) return config;
  throw new InDoubtError(NO_CONFIG, 'its config.json is no JSON object');
}

/** Null: not a JSON object. The parser's own message, which quotes the text, is dropped. */
export function parseRecord(text: string): BotConfig | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function isRecord(value: unknown): value is BotConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}
