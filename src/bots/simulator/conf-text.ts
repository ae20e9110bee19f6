// The files of a simulated pool, written from what its world says of a bot, as the platform writes them.

import { groupOf, processOf } from '../supervisor/program-names.ts';
import { namesOf, type PooledDocument } from './world-documents.ts';

export const BOTS_DIR = '/pool/bots';
export const CONF_DIR = '/pool/supervisor';

export function configPath(instanceId: string): string {
  return `${BOTS_DIR}/${instanceId}/config.json`;
}

/** Null: its files do not say where its API listens. */
export function configText({ port }: PooledDocument): string | null {
  return port === null ? null : JSON.stringify({ api_server: { listen_port: port } });
}

/** A program for each of its names, and the groups that give it others where they stand in its own file. */
export function confText(bot: PooledDocument): string {
  const programs = namesOf(bot).map((name, index) =>
    [
      `[program:${programOf(bot, index)}]`,
      `command=freqtrade trade --config ${configPath(bot.instanceId)}`,
      `process_name=${processOf(name)}`,
      ...(bot.stopSeconds === undefined ? [] : [`stopwaitsecs=${bot.stopSeconds}`]),
      '',
    ].join('\n'),
  );
  return [...programs, bot.entangled === undefined ? groupsText(bot) : ''].join('');
}

/** The groups of its programs. */
export function groupsText(bot: PooledDocument): string {
  return namesOf(bot)
    .map((name, index) =>
      groupOf(name) === name ? '' : `[group:${groupOf(name)}]\nprograms=${programOf(bot, index)}\n`,
    )
    .join('');
}

function programOf({ instanceId }: PooledDocument, index: number): string {
  return index === 0 ? `bot-${instanceId}` : `bot-${instanceId}-${index}`;
}
