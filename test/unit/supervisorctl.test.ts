// Which names are given to supervisorctl: one that it would read as several words, or as everybody, never is.

import { expect, test } from 'vitest';
import { createSupervisorctl } from '../../src/bots/supervisor/supervisorctl.ts';

function recording() {
  const lines: string[] = [];
  const run = async (line: string) => {
    lines.push(line);
    return `${line.slice('stop '.length)}: stopped\n`;
  };
  return { lines, ctl: createSupervisorctl({ run, commandMs: 1, programMs: 1, stopMs: 1 }) };
}

test.each(['bot-a', 'bot-a*b', 'bot-*', 'live:bot-a*', 'bot-*:main', 'bot-a\ufeffb', 'all:bot-a'])(
  'one program, %j: stopped under its name',
  async (name) => {
    const { lines, ctl } = recording();
    expect(await ctl.stop(name)).toBe('stopped');
    expect(lines).toEqual([`stop ${name}`]);
  },
);

test.each([
  ...['', 'all', '*', 'live:*', 'live:', ':a', 'a:b:c'],
  ...[' ', '\t', '\r', '\n', '\u001c', '\u0085', '\u00a0', '\u2003', '\u3000'].map(
    (c) => `bot-a${c}bot-b`,
  ),
])('everybody, nobody or several words, %j: no line is sent', async (name) => {
  const { lines, ctl } = recording();
  await expect(ctl.stop(name)).rejects.toMatchObject({ code: 'PROGRAM_NAME' });
  expect(lines).toEqual([]);
});
