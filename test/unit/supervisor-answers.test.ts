// What supervisorctl 4.2 really answered, recorded, and what must not be believed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseAdd,
  parseRemove,
  parseReread,
  parseStart,
  parseStatusList,
  parseStop,
} from '../../src/bots/supervisor/parse-answers.ts';

describe('a line of the status', () => {
  test.each([
    ['bot-a                            RUNNING   pid 13, uptime 0:00:02\n', 'bot-a', 'RUNNING'],
    ['bot-a                            STARTING  \n', 'bot-a', 'STARTING'],
    ['bot-a                            BACKOFF   Exited too quickly\n', 'bot-a', 'BACKOFF'],
    ['bot-a                            STOPPING  \n', 'bot-a', 'STOPPING'],
    ['bot-a                            STOPPED   Nov 22 12:10 PM\n', 'bot-a', 'STOPPED'],
    ['bot-a                            STOPPED   Not started\n', 'bot-a', 'STOPPED'],
    ['bot-a                            EXITED    Nov 22 12:10 PM\n', 'bot-a', 'EXITED'],
    ['live:bot-a                       FATAL     Exited too quickly\n', 'live:bot-a', 'FATAL'],
    [
      'bot-a:bot-a_00                   RUNNING   pid 15, uptime 0:00:02\n',
      'bot-a:bot-a_00',
      'RUNNING',
    ],
  ])('%j: known', (text, name, state) => {
    expect(parseStatusList(text)).toEqual({ status: 'ok', programs: [{ name, state }] });
  });

  test.each(
    ['\u00a0', '\u2003', '\t'].flatMap((blank) => [`bot-a${blank}STOPPED`, `bot-a${blank}`]),
  )('a name with another blank than supervisorctl pads with, %j: the whole of it', (name) => {
    const text = `${name.padEnd(33)}RUNNING   pid 13, uptime 0:00:02\n`;
    expect(parseStatusList(text)).toEqual({
      status: 'ok',
      programs: [{ name, state: 'RUNNING' }],
    });
  });

  test.each([
    ['no supervisord', 'unix:///run/supervisor.sock no such file\n'],
    ['supervisord refuses', 'unix:///run/supervisor.sock refused connection\n'],
    [
      'supervisord breaks off',
      "error: <class 'ConnectionResetError'>, [Errno 104] file: x line: 1\n",
    ],
    ['a state that is not known', 'bot-a                            UNKNOWN   \n'],
    ['half a line', 'bot-a      RUN'],
    ['an error and more', 'bot-a: ERROR (no such process)\nerror: oops\n'],
  ])('%s: unclear', (_case, text) => {
    expect(parseStatusList(text).status).toBe('unclear');
  });

  test('any text that is not empty: never an empty list', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const answer = parseStatusList(text);
        const isEmpty = answer.status === 'ok' && answer.programs.length === 0;
        expect(isEmpty && text.trim() !== '').toBe(false);
      }),
    );
  });
});

describe('status of all programs', () => {
  test('no program: an empty list', () => {
    expect(parseStatusList('')).toEqual({ status: 'ok', programs: [] });
  });

  test('several: each with its state', () => {
    const text =
      'bot-a                            RUNNING   pid 34, uptime 0:00:00\n' +
      'bot-b                            STOPPED   Not started\n';
    const programs = [
      { name: 'bot-a', state: 'RUNNING' },
      { name: 'bot-b', state: 'STOPPED' },
    ];
    expect(parseStatusList(text)).toEqual({ status: 'ok', programs });
  });

  test.each([
    ['no supervisord', 'unix:///run/supervisor.sock no such file\n'],
    ['a line without its end', 'bot-a   RUNNING   pid 34\nbot-b   RUNN'],
    ['two rows of one name', 'bot-a   RUNNING   pid 34\nbot-a   STOPPED   Not started\n'],
    ['a line of another blank alone', 'bot-a   RUNNING   pid 34\n\u00a0\n'],
    ['a line among others that is no program', 'bot-a   RUNNING   pid 34\nerror: oops\n'],
  ])('%s: unclear', (_case, text) => {
    expect(parseStatusList(text).status).toBe('unclear');
  });
});

describe('verbs', () => {
  test.each([
    ['bot-a: stopped\n', 'stopped'],
    ['bot-a: ERROR (not running)\n', 'not-running'],
    ['bot-a: ERROR (no such process)\n', 'no-such-program'],
    ['unix:///run/supervisor.sock no such file\n', 'unclear'],
    ['unix:///run/supervisor.sock refused connection\n', 'unclear'],
    ['', 'unclear'],
    ['bot-a: stopped\nbot-a: stopped\n', 'unclear'],
    ['bot-b: stopped\n', 'unclear'],
    ['\u00a0bot-a: stopped\n', 'unclear'],
  ])('stop, %j: %s', (text, status) => {
    expect(parseStop('bot-a', text).status).toBe(status);
  });

  test.each([
    ['bot-a: removed process group\n', 'removed'],
    ['ERROR: process/group still running: bot-a\n', 'still-running'],
    ['ERROR: no such process/group: bot-a\n', 'no-such-program'],
    ["error: <class 'FileNotFoundError'>, [Errno 2] file: x line: 557\n", 'unclear'],
    ['', 'unclear'],
  ])('remove, %j: %s', (text, status) => {
    expect(parseRemove('bot-a', text).status).toBe(status);
  });

  test.each([
    ['bot-a: added process group\n', 'added'],
    ['ERROR: process group already active\n', 'already-there'],
    ['ERROR: no such process/group: bot-a\n', 'no-such-program'],
    ['ERROR: shutting down\n', 'unclear'],
  ])('add, %j: %s', (text, status) => {
    expect(parseAdd('bot-a', text).status).toBe(status);
  });

  test.each([
    ['bot-a: started\n', 'started'],
    ['bot-a: ERROR (already started)\n', 'already-started'],
    ['bot-a: ERROR (spawn error)\n', 'failed'],
    ['bot-a: ERROR (abnormal termination)\n', 'failed'],
    ['bot-a: ERROR (no such file)\n', 'failed'],
    ['bot-a: ERROR (no such process)\n', 'no-such-program'],
    ['bot-b: ERROR (spawn error)\n', 'unclear'],
    ['unix:///run/supervisor.sock no such file\n', 'unclear'],
  ])('start, %j: %s', (text, status) => {
    expect(parseStart('bot-a', text).status).toBe(status);
  });

  test.each([
    ['No config updates to processes\n', 'read'],
    ['bot-a\u00a0b: available\n', 'read'],
    ['bot-a: available\nbot-b: disappeared\nbot-c: changed\n', 'read'],
    ['ERROR: CANT_REREAD: The program section is broken\n', 'unclear'],
    ['', 'unclear'],
    ['unix:///run/supervisor.sock no such file\n', 'unclear'],
  ])('reread, %j: %s', (text, status) => {
    expect(parseReread(text).status).toBe(status);
  });
});
