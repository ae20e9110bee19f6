// What a bot's own config.json says of its API (`api_server`, as freqtrade documents it).

import { type BotConfig, isPort, isRecord } from '../docker/bot-config.ts';

export interface BotApiConfig {
  /** False: it has switched its API off. */
  readonly isEnabled: boolean;
  /** Missing: not said. */
  readonly listenPort?: number;
  readonly credentials?: Credentials;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export function readApiConfig(config: BotConfig): BotApiConfig {
  const api = isRecord(config.api_server) ? config.api_server : {};
  const { enabled, listen_port: port, username, password } = api;
  return {
    isEnabled: enabled !== false,
    ...(isPort(port) && { listenPort: port }),
    ...(isText(username) && isText(password) && { credentials: { username, password } }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
