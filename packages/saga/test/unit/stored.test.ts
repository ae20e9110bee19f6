import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { HoldError } from '../../src/errors.ts';
import { stored } from '../../src/run/stored.ts';

const SEEN = stored<{ at: number; name?: string }>(
  'sighting',
  Type.Object({ at: Type.Number(), name: Type.Optional(Type.String()) }),
);

it('written and read: the same, with fields of a newer program kept', () => {
  expect(SEEN.read(SEEN.write({ at: 1, name: 'x' }))).toEqual({ at: 1, name: 'x' });
  expect(SEEN.read({ at: 1, newer: true })).toEqual({ at: 1, newer: true });
});

it.each([
  ['nothing', undefined],
  ['null', null],
  ['another kind', 'text'],
  ['a field missing', {}],
  ['a field of another kind', { at: '1' }],
])('%s: held for a person, who is told what could not be read', (_, json) => {
  expect(() => SEEN.read(json)).toThrow(HoldError);
  expect(() => SEEN.read(json)).toThrow('the log holds no readable sighting');
});

it('nothing stored is nothing read, where that is allowed; anything else must fit', () => {
  expect(SEEN.readOrNull(null)).toBeNull();
  expect(SEEN.readOrNull(undefined)).toBeNull();
  expect(() => SEEN.readOrNull({ at: '1' })).toThrow(HoldError);
});
