// Whose a program of supervisord's is: by what conf files define, by names, or in doubt; and what cannot be taken out
// of supervisord without its neighbours.

import { describe, expect, it } from 'vitest';
import { isPlain, matchPlain, matchPrograms } from '../../src/bots/supervisor/match-programs.ts';
import type { ConfFile } from '../../src/bots/supervisor/parse-conf.ts';
import type { KnownProgram } from '../../src/domain/bot.ts';

const SLEEP = 'command=/bin/sleep 100000';

function file(name: string, ...lines: readonly string[]): ConfFile {
  return { name, isOfBots: name.startsWith('bot-'), text: `${lines.join('\n')}\n` };
}

function bot(id: string, ...more: readonly string[]): ConfFile {
  return file(`bot-${id}.conf`, `[program:bot-${id}]`, SLEEP, ...more);
}

function running(...names: readonly string[]): readonly KnownProgram[] {
  return names.map((name) => ({ name, state: 'RUNNING' as const }));
}

/** bot → names of its programs */
function found(files: readonly ConfFile[], ...names: readonly string[]) {
  const { bots, unmatched } = matchPrograms(files, running(...names));
  const own = [...bots].map(
    ([id, { programs }]) => [id, programs.map(({ name }) => name)] as const,
  );
  return { bots: Object.fromEntries(own), unmatched };
}

describe('whose a program is', () => {
  it.each([
    ['a group in its own file', [bot('a', '[group:live]', 'programs=bot-a')], 'live:bot-a'],
    ['a process name of its own', [bot('a', 'process_name=main')], 'bot-a:main'],
    [
      'both',
      [bot('a', 'process_name = main ; as we call it', '[group:live]', 'programs = bot-a')],
      'live:main',
    ],
    [
      'one of several',
      [bot('a', 'process_name=%(program_name)s_%(process_num)02d')],
      'bot-a:bot-a_00',
    ],
    [
      'a group in a file of groups',
      [bot('a'), file('bot-live.conf', '[group:live]', 'programs=x, bot-a')],
      'live:bot-a',
    ],
    [
      "a group in the image's own file",
      [bot('a'), file('supervisord.conf', '[group:live]', 'programs=bot-a')],
      'live:bot-a',
    ],
    ['a group that nobody can read', [bot('a')], 'live:bot-a'],
    [
      'several of a group that nobody can read',
      [bot('a', 'process_name=%(program_name)s_%(process_num)d')],
      'live:bot-a_0',
    ],
    ['another program in its file', [file('bot-a.conf', '[program:trader]', SLEEP)], 'trader'],
    ['a second program in its file', [bot('a', '[program:bot-a-watch]', SLEEP)], 'bot-a-watch'],
    [
      'a program that works on its data',
      [file('supervisord.conf', '[program:x]', 'command=run /pool/bots/a/config.json')],
      'x',
    ],
    ['its name alone', [], 'bot-a'],
    ['its name in a group', [], 'live:bot-a'],
    ['its name as a group', [], 'bot-a:main'],
    ['its name, numbered', [], 'bot-a:bot-a_01'],
  ] as const)('%s: the bot’s', (_case, files, name) => {
    const { bots, unmatched } = found(files, name);
    expect(bots.a).toEqual([name]);
    expect(unmatched).toEqual([]);
  });

  it.each([
    ['a name that is no bot’s', [bot('a')], 'trader'],
    [
      'a process that could be anything, in a group that nobody can read',
      [bot('a', 'process_name=main')],
      'live:main',
    ],
    ['names of two bots', [], 'bot-a:bot-b'],
    [
      'data of two bots',
      [file('supervisord.conf', '[program:x]', 'command=run /pool/bots/a /pool/bots/b')],
      'x',
    ],
  ] as const)('%s: in doubt', (_case, files, name) => {
    const { bots, unmatched } = found(files, name);
    expect(bots.a ?? []).toEqual([]);
    expect(unmatched).toEqual([name]);
  });

  it("one of the image's own that names no bot: nobody's, and no doubt", () => {
    const helper = file('supervisord.conf', '[eventlistener:mailer]', 'command=/usr/bin/crashmail');
    expect(found([helper, bot('a')], 'mailer', 'bot-a')).toEqual({
      bots: { a: ['bot-a'] },
      unmatched: [],
    });
  });

  it('a file that only puts programs together: no bot', () => {
    const groups = file('bot-live.conf', '[group:live]', 'programs=bot-a');
    expect(found([bot('a'), groups], 'live:bot-a').bots).toEqual({ a: ['live:bot-a'] });
  });

  it('a conf file that was put aside still tells whose its program is', () => {
    const aside = { ...bot('a', 'process_name=main'), name: 'bot-a.conf.reclaimed' };
    const { bots } = matchPrograms([aside], running('bot-a:main'));
    expect(bots.get('a')).toMatchObject({ conf: 'aside', programs: [{ name: 'bot-a:main' }] });
  });
});

describe('plain names', () => {
  it('each program with a conf file of its own name: told by names alone', () => {
    const names = new Set(['bot-a.conf', 'bot-b.conf.reclaimed', 'bot-c.conf']);
    const programs = running('bot-a', 'bot-b');
    expect(isPlain(names, programs)).toBe(true);
    const { bots } = matchPlain(names, programs);
    expect(Object.fromEntries([...bots].map(([id, { conf }]) => [id, conf]))).toEqual({
      a: 'present',
      b: 'aside',
      c: 'present',
    });
    expect(bots.get('c')?.programs).toEqual([]);
  });

  it.each(['bot-b', 'live:bot-a', 'trader'])('%s beside them: not plain', (name) => {
    expect(isPlain(new Set(['bot-a.conf']), running('bot-a', name))).toBe(false);
  });
});

describe('what cannot be taken out alone', () => {
  const group = (name: string, ...programs: readonly string[]) =>
    file(name, '[group:live]', `programs=${programs.join(',')}`);

  it.each([
    ['a group elsewhere names it', [bot('a'), group('bot-live.conf', 'bot-a')], ['live:bot-a']],
    [
      'its own file groups others',
      [bot('a', '[group:live]', 'programs=bot-a,bot-b'), bot('b')],
      ['live:bot-a', 'live:bot-b'],
    ],
    ['it is defined elsewhere', [file('supervisord.conf', '[program:bot-a]', SLEEP)], ['bot-a']],
    ['its file defines another', [bot('a', '[program:bot-b]', SLEEP)], ['bot-a', 'bot-b']],
    ['a group that nobody can read', [bot('a'), bot('b')], ['live:bot-a', 'live:bot-b']],
  ] as const)('%s: told', (_case, files, names) => {
    const { bots } = matchPrograms(files, running(...names));
    expect(bots.get('a')?.entangled).toEqual(expect.any(String));
  });

  it.each([
    ['plain', [bot('a'), bot('b')], ['bot-a', 'bot-b']],
    [
      'a group of its own',
      [bot('a', '[group:live]', 'programs=bot-a'), bot('b')],
      ['live:bot-a', 'bot-b'],
    ],
    ['several processes', [bot('a', 'process_name=p%(process_num)d')], ['bot-a:p0', 'bot-a:p1']],
  ] as const)('%s: nothing in the way', (_case, files, names) => {
    const { bots } = matchPrograms(files, running(...names));
    expect(bots.get('a')?.entangled).toBeUndefined();
  });
});
