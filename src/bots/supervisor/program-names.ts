// How the platform names a bot under supervisord: the program, its conf file, and that file put aside,
// a name that supervisord's include pattern `bot-*.conf` does not match. The prefix keeps an id from being an option or
// supervisorctl's `all`; an id with a slash would be a path, and is refused here: no file can be called so.

import { TerminalError } from '@reclaim/saga';
import type { KnownProgram, ProgramState } from '../../domain/bot.ts';
import { parseInstanceId, toInstanceId } from '../../domain/ids.ts';

const PREFIX = 'bot-';
const CONF = '.conf';
const ASIDE = '.conf.reclaimed';

export function programName(instanceId: string): string {
  return `${PREFIX}${toInstanceId(instanceId)}`;
}

function confNames(instanceId: string): { readonly conf: string; readonly aside: string } {
  const program = programName(instanceId);
  if (program.includes('/')) {
    throw new TerminalError('CONF_NAME', `no conf file can be called ${JSON.stringify(program)}`);
  }
  return { conf: `${program}${CONF}`, aside: `${program}${ASIDE}` };
}

export function confPaths(folder: string, instanceId: string) {
  const { conf, aside } = confNames(instanceId);
  return { conf: `${folder}/${conf}`, aside: `${folder}/${aside}` };
}

/** Whether the bot's conf file stands in the folder, stands there put aside, or neither. */
export function confState(
  names: ReadonlySet<string>,
  instanceId: string,
): 'present' | 'aside' | 'gone' {
  if (instanceId.includes('/')) return 'gone';
  const { conf, aside } = confNames(instanceId);
  if (names.has(conf)) return 'present';
  return names.has(aside) ? 'aside' : 'gone';
}

/** supervisord takes no name with a space, a colon or a slash, and a conf file's section holds no line break: a bot of such
 * a name has never run in a pool. Everything else is taken, other blanks and `*` too. Source: supervisor 4.2,
 * `process_or_group_name`. */
export function isProgramName(name: string): boolean {
  return !/[ :/\p{Cc}]/u.test(name);
}

/** The bot of a program; undefined for a program that is not a bot. */
export function botOfProgram(program: string): string | undefined {
  return program.startsWith(PREFIX) ? parseInstanceId(program.slice(PREFIX.length)) : undefined;
}

/** The bot of a conf file, put aside or not; undefined for any other file. */
export function botOfConf(file: string): string | undefined {
  const ending = [ASIDE, CONF].find((candidate) => file.endsWith(candidate));
  return ending === undefined ? undefined : botOfProgram(file.slice(0, -ending.length));
}

// supervisord's own names of programs are `group:process`, or one word where both are the same.

export function groupOf(name: string): string {
  const at = name.indexOf(':');
  return at < 0 ? name : name.slice(0, at);
}

export function processOf(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

export function groupsOf(programs: readonly KnownProgram[]): readonly string[] {
  return [...new Set(programs.map(({ name }) => groupOf(name)))];
}

/** Of several the liveliest: a bot is at rest when all of it is. */
export function stateOf(programs: readonly KnownProgram[]): ProgramState | 'absent' {
  return LIVELIEST_FIRST.find((state) => programs.some((one) => one.state === state)) ?? 'absent';
}

const LIVELIEST_FIRST: readonly ProgramState[] = [
  'RUNNING',
  'STARTING',
  'BACKOFF',
  'STOPPING',
  'FATAL',
  'EXITED',
  'STOPPED',
];
