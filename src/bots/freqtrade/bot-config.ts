// What a bot's own config.json says of its API (`api_server`, as freqtrade documents it).

import type { BotConfig } from '../docker/bot-config.ts';

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

export function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

/** Null: not a JSON object. */
export function parseRecord(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
