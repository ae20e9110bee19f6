// What a shell is sent and says. The lines run in a real one too: what is quoted must stay a word.

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InDoubtError } from '../../packages/saga/src/errors.ts';
import { lineOf, SHELL } from '../../src/bots/docker/shell.ts';

const TOKEN = 'reclaim0f';
const { linesToSend, readBeginning, readAnswer } = SHELL;

/** What a shell prints that reads these lines from its input. */
const shell = (lines: string) => execFileSync('/bin/sh', { input: lines, encoding: 'utf8' });

test.each([
  ['nothing', 'true', { exitCode: 0, output: '' }],
  ['lines', 'printf "a\\nb\\n"', { exitCode: 0, output: 'a\nb\n' }],
  ['an error', 'ls /nowhere/to/be/found', { exitCode: 2 }],
])('a command that prints %s: its outputs and its exit code', (_case, command, answer) => {
  const text = shell(linesToSend(command, TOKEN));
  expect(readAnswer(text, '', TOKEN)).toMatchObject({ value: answer, rest: '' });
  for (let length = 0; length < text.length; length += 1) {
    expect(readAnswer(text.slice(0, length), '', TOKEN)).toBeUndefined();
  }
});

test('a command that reads its input: does not take the next line for it', () => {
  const text = shell(linesToSend('cat', TOKEN) + linesToSend('echo next', 'reclaim10'));
  const first = readAnswer(text, '', TOKEN);
  expect(first?.value).toEqual({ exitCode: 0, output: '' });
  expect(readAnswer(first?.rest ?? '', '', 'reclaim10')?.value.output).toBe('next\n');
});

test('the beginning: nothing frames an answer', () => {
  expect(readBeginning(shell(linesToSend(null, TOKEN)), TOKEN)).toEqual({ value: '', rest: '' });
});

test('half a line before the end, or no exit code: in doubt', () => {
  expect(() => readAnswer(`half${TOKEN} 0\n`, '', TOKEN)).toThrow(InDoubtError);
  expect(() => readAnswer(`${TOKEN} \n`, '', TOKEN)).toThrow(InDoubtError);
});

test('any words: each stays one word, and nothing in it is read as shell', () => {
  const word = fc.string({ unit: 'binary' }).filter((text) => !/[\0\r\n]/.test(text));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), (words) => {
      const line = lineOf(['printf', '%s\\n', ...words]);
      const said = readAnswer(shell(linesToSend(line, TOKEN)), '', TOKEN);
      const expected = Buffer.from(words.map((text) => `${text}\n`).join('')).toString();
      expect(said?.value).toEqual({ exitCode: 0, output: expected });
    }),
    { numRuns: 25 },
  );
  expect(() => linesToSend(lineOf(['rm', 'a\nb']), TOKEN)).toThrow(RangeError);
});
