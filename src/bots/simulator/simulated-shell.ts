// The commands that a pool's shell is given here, over the conf files of the simulated world: `ls`, `grep`, `mkdir`, `mv`,
// `rm`. A file that was written and not yet renamed is this process's alone: another one writes it again.

import { botOfConf } from '../supervisor/program-names.ts';
import { BOTS_DIR, CONF_DIR, configPath, confText } from './conf-text.ts';
import type { Pool } from './simulated-pool.ts';
import { type PooledDocument, pooledKey } from './world-documents.ts';

export interface ShellResult {
  readonly exitCode: number;
  readonly output: string;
}

const DONE: ShellResult = { exitCode: 0, output: '' };

export function readsOnly([command]: readonly string[]): boolean {
  return command === 'ls' || command === 'grep';
}

/** @param written files that wait for their names, by their paths. */
export async function runCommand(
  pool: Pool,
  [command, ...words]: readonly string[],
  written: Map<string, string>,
): Promise<ShellResult> {
  const paths = words.slice(words.indexOf('--') + 1);
  const [first = '', second = ''] = paths;
  switch (command) {
    case 'ls': {
      const rows = confsOf(pool).map(({ name }) => `${name}\n`);
      return { exitCode: 0, output: rows.join('') };
    }
    case 'grep': {
      const found = confsOf(pool).find(({ name }) => `${CONF_DIR}/${name}` === first);
      return found === undefined ? failed(first) : { exitCode: 0, output: confText(found.bot) };
    }
    case 'mkdir':
      return DONE;
    case 'mv': {
      const text = written.get(first);
      if (text === undefined) return rename(pool, first, second);
      written.delete(first);
      await place(pool, second, text, written);
      return DONE;
    }
    case 'rm':
      for (const path of paths) await remove(pool, path);
      return DONE;
    default:
      return { exitCode: 127, output: `sh: ${command}: not found\n` };
  }
}

/** Its conf files by their names, those put aside included. */
export function confsOf({ bots }: Pool): readonly { readonly name: string; bot: PooledDocument }[] {
  return bots.flatMap((bot) => {
    if (bot.conf === 'gone') return [];
    return [{ name: `bot-${bot.instanceId}.conf${bot.conf === 'aside' ? ASIDE : ''}`, bot }];
  });
}

const ASIDE = '.reclaimed';

async function rename(pool: Pool, from: string, to: string): Promise<ShellResult> {
  const bot = botAt(pool, from);
  if (bot === undefined || bot.conf !== stateOf(from)) return failed(from);
  await pool.change(bot, { ...bot, conf: stateOf(to) });
  return DONE;
}

/** What is written gets its name: a config waits for the conf file of its bot, which makes it one. */
async function place(pool: Pool, path: string, text: string, written: Map<string, string>) {
  const instanceId = botOfPath(path);
  if (instanceId === undefined) {
    written.set(path, text);
    return;
  }
  const config = written.get(configPath(instanceId));
  written.delete(configPath(instanceId));
  const port: number | null =
    config === undefined ? null : JSON.parse(config).api_server.listen_port;
  const _id = pooledKey(instanceId);
  const fresh = { _id, kind: 'pooled', instanceId, pool: pool.containerName } as const;
  const before = botAt(pool, path) ?? { ...fresh, program: 'absent', conf: 'gone', port };
  await pool.change(before, { ...before, conf: 'present', port });
}

// Where its program is gone too, nothing is left of it.
async function remove(pool: Pool, path: string) {
  const bot = botAt(pool, path);
  if (bot === undefined || bot.conf !== stateOf(path)) return;
  await pool.change(bot, bot.program === 'absent' ? null : { ...bot, conf: 'gone' });
}

function botAt({ bots }: Pool, path: string): PooledDocument | undefined {
  const instanceId = botOfPath(path);
  return bots.find((bot) => bot.instanceId === instanceId);
}

function stateOf(path: string): 'present' | 'aside' {
  return path.endsWith(ASIDE) ? 'aside' : 'present';
}

function botOfPath(path: string): string | undefined {
  return path.startsWith(BOTS_DIR) ? undefined : botOfConf(path.slice(path.lastIndexOf('/') + 1));
}

function failed(path: string): ShellResult {
  return { exitCode: 1, output: `${path}: No such file or directory\n` };
}

/** The words of a line, as the shell takes their quotes away. */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === "'") {
      const closing = line.indexOf("'", at + 1);
      const end = closing === -1 ? line.length : closing;
      word = (word ?? '') + line.slice(at + 1, end);
      at = end;
    } else if (char === '\\') {
      at++;
      word = (word ?? '') + line.charAt(at);
    } else if (char.trim() !== '') {
      word = (word ?? '') + char;
    } else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  return word === null ? words : [...words, word];
}
