// Commands in a container that answer at once (ls, mv, rm), through a shell that is kept there for a few seconds: an
// exec for each costs the daemon some 80 ms of processor. An argv becomes one line in which every word is quoted:
// nothing in a name is ever read as shell.

import { InDoubtError, RetryableError } from '@reclaim/saga';
import type { BotsCall, FencedCall } from '../bots.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import type { Dialogue } from './session.ts';
import { changeBySession, readBySession } from './session-commands.ts';
import { createSessions } from './sessions.ts';

export interface ShellAnswer {
  readonly exitCode: number;
  /** Both outputs. */
  readonly output: string;
}

export type Shell = ReturnType<typeof createShell>;

export function createShell(host: HostCalls, deadlines: Deadlines, newToken: () => string) {
  const sessions = createSessions(host, SHELL, deadlines, newToken);
  const commandOf = (containerId: string, argv: readonly string[]) => ({
    containerId,
    line: lineOf(argv),
    deadlineMs: deadlines.commandMs,
  });
  return {
    read: (id: string, argv: readonly string[], call: BotsCall): Promise<ShellAnswer> =>
      readBySession(host, sessions, commandOf(id, argv), call),
    /** Fenced right before the line is sent (I5). @throws RetryableError of this code where the command does not succeed. */
    change: async (
      id: string,
      argv: readonly string[],
      code: string,
      call: FencedCall,
    ): Promise<void> => {
      const answer = await changeBySession(host, sessions, commandOf(id, argv), call);
      if (answer.exitCode === 0) return;
      const said = answer.output.trim().slice(0, 200);
      throw new RetryableError(code, `${argv[0]} ended with ${answer.exitCode}: ${said}`);
    },
    close: sessions.close,
  };
}

export function lineOf(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

/** Words of the plainest kind stay as they are, to be readable in a process list. */
function quote(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export const SHELL: Dialogue<ShellAnswer> = {
  program: 'sh',
  argv: ['sh'],
  linesToSend: (command, token) => {
    // A line break would make two commands of it.
    if (/[\r\n]/.test(`${command}`)) throw new RangeError('a command is one line');
    const said = `echo "${token} $?"`;
    return command === null ? `${said}\n` : `${command} </dev/null 2>&1; ${said}\n`;
  },
  readBeginning: (text, token) => {
    const said = readShellAnswer(text, token);
    return said === undefined ? undefined : { value: '', rest: said.rest };
  },
  readAnswer: (text, _prompt, token) => readShellAnswer(text, token),
};

function readShellAnswer(text: string, token: string) {
  const at = text.indexOf(`${token} `);
  const end = at < 0 ? -1 : text.indexOf('\n', at);
  if (end < 0) return undefined;
  const output = text.slice(0, at);
  const code = text.slice(at + token.length + 1, end);
  // A command that does not end its last line is none of those that are asked here.
  if (/^\d+$/.test(code) && (output === '' || output.endsWith('\n'))) {
    return { value: { exitCode: Number(code), output }, rest: text.slice(end + 1) };
  }
  const said = JSON.stringify(text.slice(0, 200));
  throw new InDoubtError('SHELL_UNCLEAR', `the shell said something else: ${said}`);
}
