// The configuration that a bot in a pool runs with: `config.json` in its folder, as the platform writes it. Of a container
// that runs or not. It holds secrets (the exchange's keys, the API's password): what is read of it is never logged, and a
// message about it never quotes it.

import { InDoubtError } from '@reclaim/saga';
import type { BotsCall } from '../../deletion/ports/bots.ts';
import { readArchivedFolder } from './archived-folder.ts';
import type { HostCalls } from './host-calls.ts';

export interface BotConfigs {
  /** Null: there is no such file. @throws InDoubtError when it is larger than any config, or no JSON object;
   * UnavailableError when nobody answered. */
  readonly read: (
    containerId: string,
    instanceId: string,
    call: BotsCall,
  ) => Promise<BotConfig | null>;
}

export type BotConfig = Readonly<Record<string, unknown>>;

/** One with thousands of pairs in its lists is far below it. */
const MAX_BYTES = 1024 * 1024;

/** @param botsDir where bots keep their data, inside the pool. */
export function createBotConfigs(
  host: HostCalls,
  { botsDir, deadlineMs }: { readonly botsDir: string; readonly deadlineMs: number },
): BotConfigs {
  return {
    read: async (containerId, instanceId, call) => {
      // An id with a slash would be another path, and no folder can be called so.
      if (instanceId.includes('/')) return null;
      const path = `${botsDir}/${instanceId}/config.json`;
      const at = { containerId, path, deadlineMs, maxBytes: MAX_BYTES };
      const [file] = (await readArchivedFolder(host, at, call)) ?? [];
      return file === undefined ? null : parse(file.text);
    },
  };
}

function parse(text: string): BotConfig {
  const value = jsonOf(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as BotConfig;
  }
  throw new InDoubtError('BOT_CONFIG', 'its config.json is no JSON object');
}

// The parser's own message quotes the text.
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
