import { expect, test } from 'vitest';
import { TerminalError } from '../../packages/saga/src/errors.ts';
import {
  botOfConf,
  botOfProgram,
  confPaths,
  confState,
  isProgramName,
  programName,
} from '../../src/bots/supervisor/program-names.ts';

test('an id: the program, its conf file and that file put aside', () => {
  expect(programName('u-bot-1')).toBe('bot-u-bot-1');
  expect(confPaths('/pool/supervisor', 'u-bot-1')).toEqual({
    conf: '/pool/supervisor/bot-u-bot-1.conf',
    aside: '/pool/supervisor/bot-u-bot-1.conf.reclaimed',
  });
});

test('the name of a file put aside: the include pattern of supervisord does not match it', () => {
  expect(confPaths('', 'x').aside).not.toMatch(/^\/bot-.*\.conf$/);
});

test.each(['', '.', '..', 'all\n', 'a\0', 'x'.repeat(129)])('no id at all, %j: refused', (id) => {
  expect(() => programName(id)).toThrow(TypeError);
});

test.each(['../x', 'a/b', '/'])('an id that would be a path, %j: no file is called so', (id) => {
  expect(() => confPaths('/pool/supervisor', id)).toThrow(TerminalError);
  expect(confState(new Set(['bot-a', 'b.conf']), id)).toBe('gone');
});

test.each([
  '_x',
  '-x',
  'auth0|x-bot-1',
  'me@x.org-bot-1',
  '$x',
  '..x',
  'a%b',
  'a*b',
  '*',
  'a\u00a0b',
  'a\u2003b',
])('an id that the platform may have made, %j: a program and a file of that name', (id) => {
  expect(confPaths('/s', id).conf).toBe(`/s/bot-${id}.conf`);
  expect(isProgramName(programName(id))).toBe(true);
  expect(botOfProgram(programName(id))).toBe(id);
});

test.each(['a b', 'a:b', 'a:*', 'a/b'])(
  'an id that supervisord takes for no name, %j: no command is sent with it',
  (id) => {
    expect(isProgramName(programName(id))).toBe(false);
  },
);

test.each(['bot-a\rb', 'bot-a\nb', 'bot-a\u0085b'])('a control character, %j: no name', (name) => {
  expect(isProgramName(name)).toBe(false);
});

test('a conf file that stands beside the one put aside: present', () => {
  const both = new Set(['bot-a.conf', 'bot-a.conf.reclaimed', 'bot-b.conf.reclaimed']);
  expect(confState(both, 'a')).toBe('present');
  expect(confState(both, 'b')).toBe('aside');
  expect(confState(both, 'c')).toBe('gone');
});

test('names in a pool: bots are told from everything else', () => {
  expect(botOfProgram('bot-a.1')).toBe('a.1');
  expect(botOfProgram('nginx')).toBeUndefined();
  expect(botOfProgram('bot-')).toBeUndefined();
  expect(botOfConf('bot-a.conf')).toBe('a');
  expect(botOfConf('bot-a.conf.reclaimed')).toBe('a');
  expect(botOfConf('bot-a.conf.bak')).toBeUndefined();
  expect(botOfConf('supervisord.conf')).toBeUndefined();
});
