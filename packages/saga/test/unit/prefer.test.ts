import { expect, test } from 'vitest';
import { parseWaitPreference } from '../../src/fastify/prefer.ts';

test.each([
  [undefined, 7, null],
  ['', 7, null],
  ['wait=5', 5, 'wait=5'],
  ['WAIT = 5', 5, 'wait=5'],
  ['wait="60"', 60, 'wait=60'],
  ['wait=0', 0, 'wait=0'],
  ['respond-async', 0, 'respond-async'],
  ['respond-async, wait=10', 10, 'wait=10'],
  ['wait=10; foo="a,b"; bar', 10, 'wait=10'],
  ['foo="wait=9, x", , wait=3', 3, 'wait=3'],
  ['wait=3, wait=4', 3, 'wait=3'],
  ['return=minimal; wait=99', 7, null],
  ['foo="\\"", wait=2', 2, 'wait=2'],
])('Prefer %j: waits %i seconds', (header, seconds, applied) => {
  expect(parseWaitPreference(header, 7)).toEqual({ seconds, applied });
});

test('a hostile header: read in one pass', () => {
  const header = `wait=1${'; \t "'.repeat(200_000)}`;
  expect(parseWaitPreference(header, 0).seconds).toBe(1);
});
