// What supervisorctl 4.2 really answered, recorded, and what must not be believed.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CtlResult,
  parseAdd,
  parseRemove,
  parseReread,
  parseStart,
  parseStatus,
  parseStatusList,
  parseStop,
} from '../../src/adapters/supervisor/parse-answers.ts';

const said = (exitCode: number, stdout: string, stderr = ''): CtlResult => ({
  exitCode,
  stdout,
  stderr,
});

describe('status of one program', () => {
  test.each([
    [0, 'bot-a                            RUNNING   pid 13, uptime 0:00:02\n', 'RUNNING'],
    [0, 'bot-a                            STARTING  \n', 'STARTING'],
    [0, 'bot-a                            BACKOFF   Exited too quickly\n', 'BACKOFF'],
    [0, 'bot-a                            STOPPING  \n', 'STOPPING'],
    [3, 'bot-a                            STOPPED   Nov 22 12:10 PM\n', 'STOPPED'],
    [3, 'bot-a                            STOPPED   Not started\n', 'STOPPED'],
    [3, 'bot-a                            EXITED    Nov 22 12:10 PM\n', 'EXITED'],
    [3, 'bot-a                            FATAL     Exited too quickly\n', 'FATAL'],
  ])('%i and its line: known', (exitCode, stdout, state) => {
    expect(parseStatus('bot-a', said(exitCode, stdout))).toEqual({ status: 'known', state });
  });

  test('4 and "no such process": absent', () => {
    const answer = parseStatus('bot-a', said(4, 'bot-a: ERROR (no such process)\n'));
    expect(answer).toEqual({ status: 'absent' });
  });

  test.each([
    ['no supervisord', 4, 'unix:///run/supervisor.sock no such file\n'],
    ['supervisord refuses', 4, 'unix:///run/supervisor.sock refused connection\n'],
    ["another program's absence", 4, 'bot-b: ERROR (no such process)\n'],
    ['absence with a code of success', 0, 'bot-a: ERROR (no such process)\n'],
    ['absence with the code of another error', 1, 'bot-a: ERROR (no such process)\n'],
    ["another program's line", 0, 'bot-b                            RUNNING   pid 1\n'],
    ['a longer name', 0, 'bot-ab                           RUNNING   pid 1\n'],
    ['nothing at all', 0, ''],
    ['nothing at all, code 4', 4, ''],
    ['a state that is not known', 3, 'bot-a                            UNKNOWN   \n'],
    ['half a line', 0, 'bot-a      RUN'],
    ['two lines', 0, 'bot-a RUNNING pid 1\nbot-a RUNNING pid 2\n'],
    ['a timeout', 124, ''],
    ['a kill', 137, 'bot-a                            RUNNING   pid 13\n'],
    ['no supervisorctl', 126, 'OCI runtime exec failed: exec failed: not found in $PATH\n'],
  ])('%s: unclear', (_case, exitCode, stdout) => {
    expect(parseStatus('bot-a', said(exitCode, stdout)).status).toBe('unclear');
  });

  test('a warning on standard error: does not matter', () => {
    const warning = 'UserWarning: Supervisord is running as root\n';
    const answer = parseStatus('bot-a', said(0, 'bot-a   RUNNING   pid 1\n', warning));
    expect(answer).toEqual({ status: 'known', state: 'RUNNING' });
  });

  test('any text and code: absent only for the one right answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.string(), (exitCode, text) => {
        const answer = parseStatus('bot-a', said(exitCode, text));
        expect(answer.status).not.toBe('absent');
      }),
    );
  });
});

describe('status of all programs', () => {
  test('no program: an empty list', () => {
    expect(parseStatusList(said(0, ''))).toEqual({ status: 'ok', programs: new Map() });
  });

  test('several: each with its state', () => {
    const text =
      'bot-a                            RUNNING   pid 34, uptime 0:00:00\n' +
      'bot-b                            STOPPED   Not started\n';
    const programs = new Map([
      ['bot-a', 'RUNNING'],
      ['bot-b', 'STOPPED'],
    ]);
    expect(parseStatusList(said(3, text))).toEqual({ status: 'ok', programs });
  });

  test.each([
    ['no supervisord', 4, 'unix:///run/supervisor.sock no such file\n'],
    ['no supervisord, code of success', 0, 'unix:///run/supervisor.sock no such file\n'],
    ['a line without its end', 0, 'bot-a   RUNNING   pid 34\nbot-b   RUNN'],
    ['a line among others that is no program', 0, 'bot-a   RUNNING   pid 34\nerror: oops\n'],
    ['a timeout', 124, ''],
  ])('%s: unclear', (_case, exitCode, stdout) => {
    expect(parseStatusList(said(exitCode, stdout)).status).toBe('unclear');
  });
});

describe('verbs', () => {
  test.each([
    [0, 'bot-a: stopped\n', 'stopped'],
    [0, 'bot-a: ERROR (not running)\n', 'not-running'],
    [1, 'bot-a: ERROR (no such process)\n', 'no-such-program'],
    [7, 'unix:///run/supervisor.sock no such file\n', 'unclear'],
    [4, 'unix:///run/supervisor.sock refused connection\n', 'unclear'],
    [0, '', 'unclear'],
    [1, 'bot-a: stopped\n', 'unclear'],
    [0, 'bot-b: stopped\n', 'unclear'],
  ])('stop, %i and %j: %s', (exitCode, stdout, status) => {
    expect(parseStop('bot-a', said(exitCode, stdout)).status).toBe(status);
  });

  test.each([
    [0, 'bot-a: removed process group\n', 'removed'],
    [1, 'ERROR: process/group still running: bot-a\n', 'still-running'],
    [1, 'ERROR: no such process/group: bot-a\n', 'no-such-program'],
    [1, 'unix:///run/supervisor.sock no such file\n', 'unclear'],
    [1, '', 'unclear'],
  ])('remove, %i and %j: %s', (exitCode, stdout, status) => {
    expect(parseRemove('bot-a', said(exitCode, stdout)).status).toBe(status);
  });

  test.each([
    [0, 'bot-a: added process group\n', 'added'],
    [0, 'ERROR: process group already active\n', 'already-there'],
    [1, 'ERROR: no such process/group: bot-a\n', 'no-such-program'],
    [1, 'unix:///run/supervisor.sock no such file\n', 'unclear'],
  ])('add, %i and %j: %s', (exitCode, stdout, status) => {
    expect(parseAdd('bot-a', said(exitCode, stdout)).status).toBe(status);
  });

  test.each([
    [0, 'bot-a: started\n', 'started'],
    [0, 'bot-a: ERROR (already started)\n', 'already-started'],
    [7, 'bot-a: ERROR (spawn error)\n', 'failed'],
    [7, 'bot-a: ERROR (abnormal termination)\n', 'failed'],
    [1, 'bot-a: ERROR (no such process)\n', 'no-such-program'],
    [0, 'bot-a: ERROR (spawn error)\n', 'unclear'],
    [7, 'unix:///run/supervisor.sock no such file\n', 'unclear'],
  ])('start, %i and %j: %s', (exitCode, stdout, status) => {
    expect(parseStart('bot-a', said(exitCode, stdout)).status).toBe(status);
  });

  test.each([
    [0, 'No config updates to processes\n', 'read'],
    [0, 'bot-a: available\nbot-b: disappeared\nbot-c: changed\n', 'read'],
    [2, 'ERROR: CANT_REREAD: The program section is broken\n', 'unclear'],
    [0, 'ERROR: CANT_REREAD: The program section is broken\n', 'unclear'],
    [4, 'unix:///run/supervisor.sock no such file\n', 'unclear'],
  ])('reread, %i and %j: %s', (exitCode, stdout, status) => {
    expect(parseReread(said(exitCode, stdout)).status).toBe(status);
  });
});
