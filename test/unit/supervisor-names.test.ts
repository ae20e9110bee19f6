import { expect, test } from 'vitest';
import {
  botOfConf,
  botOfProgram,
  confPaths,
  confState,
  programName,
} from '../../src/adapters/supervisor/program-names.ts';

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

test.each(['../x', 'a/b', '', '-x', 'all\n', 'a b', 'a:*', '*', 'x'.repeat(129)])(
  'an id that is a path, an option or a pattern, %j: refused',
  (id) => {
    expect(() => programName(id)).toThrow(TypeError);
  },
);

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
