// How a conversation with an interactive supervisorctl is cut into answers. It prints its prompt after
// each line that it has carried out, and the prompt is configurable, so a second line follows each
// command: a token that is no command, which it answers with a text that holds the token. What stands between
// is the whole answer. The token is random: nothing that a program's name or error says can pass for it.
// Pure; supervisor 3 and 4.

import { InDoubtError } from '@reclaim/saga';
import type { Dialogue, Said } from '../docker/session.ts';

/** Answers are whole lines; empty where nothing was printed. */
export const SUPERVISORCTL: Dialogue<string> = {
  program: 'supervisorctl',
  argv: ['supervisorctl'],
  linesToSend,
  readBeginning: readPrompt,
  readAnswer,
};

/** What to send for one command, or for none. */
function linesToSend(command: string | null, token: string): string {
  // A line break would make two commands of it.
  if (/[\r\n]/.test(`${command}${token}`)) throw new RangeError('a command is one line');
  return `${command === null ? '' : `${command}\n`}${token}\n`;
}

/** The prompt, after what stands at the beginning: the states of all programs, or why there are none.
 * @returns undefined while it is incomplete. @throws InDoubtError where a password is asked for: the next lines
 * would be taken for it. */
function readPrompt(text: string, token: string): Said<string> | undefined {
  const cut = cutAt(text, token);
  if (cut !== undefined) {
    return { value: cut.before.slice(cut.before.lastIndexOf('\n') + 1), rest: cut.rest };
  }
  if (!text.includes('Server requires authentication\n')) return undefined;
  throw new InDoubtError('SUPERVISOR_UNCLEAR', 'supervisorctl has no password for supervisord');
}

/** The answer to one command. @returns undefined while it is incomplete. @throws InDoubtError for one that
 * is not framed by the prompt as every answer is: something else was said, or asked, in between. */
function readAnswer(text: string, prompt: string, token: string): Said<string> | undefined {
  const cut = cutAt(text, token);
  if (cut === undefined) return undefined;
  const { before, rest } = cut;
  const value = before.slice(prompt.length, before.length - prompt.length);
  const isFramed = before === `${prompt}${value}${prompt}`;
  if (isFramed && (value === '' || value.endsWith('\n'))) return { value, rest };
  const said = JSON.stringify(before.slice(0, 200));
  throw new InDoubtError('SUPERVISOR_UNCLEAR', `supervisorctl said something else: ${said}`);
}

function cutAt(text: string, token: string): { before: string; rest: string } | undefined {
  const reply = `*** Unknown syntax: ${token}\n`;
  const at = text.indexOf(reply);
  if (at < 0) return undefined;
  return { before: text.slice(0, at), rest: text.slice(at + reply.length) };
}
