// What an interactive supervisorctl 4.2 really printed, recorded, cut into answers.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InDoubtError } from '../../packages/saga/src/errors.ts';
import { SUPERVISORCTL } from '../../src/bots/supervisor/ctl-dialogue.ts';

const { linesToSend, readBeginning, readAnswer } = SUPERVISORCTL;
const TOKEN = 'reclaim0f';
const PROMPT = 'supervisor> ';
const REPLY = `*** Unknown syntax: ${TOKEN}\n`;

test('what is sent: the command and the token, a line each', () => {
  expect(linesToSend('stop bot-a', TOKEN)).toBe(`stop bot-a\n${TOKEN}\n`);
  expect(linesToSend(null, TOKEN)).toBe(`${TOKEN}\n`);
  expect(() => linesToSend('stop bot-a\nshutdown', TOKEN)).toThrow(RangeError);
});

test.each([
  ['no program', `${PROMPT}${REPLY}`, PROMPT],
  ['programs', `bot-a   RUNNING   pid 1\nbot-b   STOPPED\n${PROMPT}${REPLY}`, PROMPT],
  ['no supervisord', `unix:///run/supervisor.sock no such file\n${PROMPT}${REPLY}`, PROMPT],
  ['a prompt of its own', `bot-a   RUNNING\npool [1] $ > ${REPLY}`, 'pool [1] $ > '],
])('the beginning with %s: the prompt', (_case, text, prompt) => {
  expect(readBeginning(`${text}${prompt}`, TOKEN)).toEqual({ value: prompt, rest: prompt });
  for (let length = 0; length < text.length; length += 1) {
    expect(readBeginning(text.slice(0, length), TOKEN)).toBeUndefined();
  }
});

test('a supervisorctl that asks for a password: in doubt, at once', () => {
  const text = 'Server requires authentication\nUsername:';
  expect(() => readBeginning(text, TOKEN)).toThrow(InDoubtError);
});

test.each([
  ['one line', 'bot-a: stopped\n'],
  ['several', 'bot-a   RUNNING   pid 1\nbot-b   STOPPED   Not started\n'],
  ['nothing', ''],
])('an answer of %s: itself, and the rest is kept', (_case, answer) => {
  const text = `${PROMPT}${answer}${PROMPT}${REPLY}`;
  expect(readAnswer(`${text}super`, PROMPT, TOKEN)).toEqual({ value: answer, rest: 'super' });
  for (let length = 0; length < text.length; length += 1) {
    expect(readAnswer(text.slice(0, length), PROMPT, TOKEN)).toBeUndefined();
  }
});

test.each([
  ['a line before it', `late answer\n${PROMPT}bot-a: stopped\n${PROMPT}${REPLY}`],
  ['no prompt before it', `bot-a: stopped\n${PROMPT}${REPLY}`],
  ['no prompt after it', `${PROMPT}bot-a: stopped\n${REPLY}`],
  ['half a line', `${PROMPT}bot-a: stop${PROMPT}${REPLY}`],
  ['one prompt only', `${PROMPT}${REPLY}`],
])('an answer with %s: in doubt', (_case, text) => {
  expect(() => readAnswer(text, PROMPT, TOKEN)).toThrow(InDoubtError);
});

test("another conversation's token: never taken for the end", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^reclaim[0-9a-f]{16}$/), (other) => {
      const text = `${PROMPT}bot-a: stopped\n${PROMPT}*** Unknown syntax: ${other}\n${PROMPT}`;
      expect(readAnswer(text, PROMPT, TOKEN)).toBeUndefined();
    }),
  );
});
