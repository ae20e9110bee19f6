// What a rename leaves of a bot's name, and what is another bot's own name.

import { expect, it } from 'vitest';
import { isOddName, mayBeRenamed, renamedPool } from '../../src/domain/renamed.ts';

it.each([
  '0123456789ab_freqtrade-u-bot-1',
  'old-freqtrade-u-bot-1',
  'x_freqtrade-u-bot-1_backup',
  'freqtrade-u-bot-1-old',
  'freqtrade-u-bot-1.bak',
])('%s: may be u-bot-1', (name) => {
  expect(mayBeRenamed(name, 'u-bot-1')).toBe(true);
  expect(isOddName(name)).toBe(true);
});

it.each([
  'freqtrade-u-bot-1',
  'freqtrade-u-bot-10',
  'x_freqtrade-u-bot-10',
  'freqtrade-u-bot-1-bot-2',
  'xfreqtrade-u-bot-1',
  'freqtrade-pool-u-pool-1',
  'postgres',
])('%s: is not u-bot-1, renamed', (name) => {
  expect(mayBeRenamed(name, 'u-bot-1')).toBe(false);
});

it('an id that is not of the platform’s form: what only begins like it is another bot', () => {
  expect(mayBeRenamed('freqtrade-alpha-2', 'alpha')).toBe(false);
  expect(mayBeRenamed('x_freqtrade-alpha', 'alpha')).toBe(true);
});

it.each([
  ['0123456789ab_freqtrade-pool-u-pool-1', 'freqtrade-pool-u-pool-1'],
  ['old.freqtrade-pool-u-pool-12', 'freqtrade-pool-u-pool-12'],
  ['freqtrade-pool-u-pool-1', undefined],
  ['0123456789ab_freqtrade-u-bot-1', undefined],
])('%s: the pool %s', (name, pool) => {
  expect(renamedPool(name)).toBe(pool);
});
