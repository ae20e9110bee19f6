import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { HoldError } from '../../src/errors.ts';
import { stored } from '../../src/run/stored.ts';

const OBSERVED = stored<{ at: number; name?: string }>(
  'observedBot',
  Type.Object({ at: Type.Number(), name: Type.Optional(Type.String()) }),
);

it('written and read: the same, with fields of a newer program kept', () => {
  expect(OBSERVED.read(OBSERVED.write({ at: 1, name: 'x' }))).toEqual({ at: 1, name: 'x' });
  expect(OBSERVED.read({ at: 1, newer: true })).toEqual({ at: 1, newer: true });
});

it.each([
  ['nothing', undefined],
  ['null', null],
  ['another kind', 'text'],
  ['a field missing', {}],
  ['a field of another kind', { at: '1' }],
])('%s: held for a person, who is told what could not be read', (_, json) => {
  expect(() => OBSERVED.read(json)).toThrow(HoldError);
  expect(() => OBSERVED.read(json)).toThrow('the log holds no readable observedBot');
});

it('nothing stored is nothing read, where that is allowed; anything else must fit', () => {
  expect(OBSERVED.readOrNull(null)).toBeNull();
  expect(OBSERVED.readOrNull(undefined)).toBeNull();
  expect(() => OBSERVED.readOrNull({ at: '1' })).toThrow(HoldError);
});
