import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { childSagaId, makeSagaId, parseSagaId, toSagaId } from '../../src/saga-id.ts';

const MOMENT = fc.integer({ min: 0, max: Date.UTC(2200, 0) });

it('any moment and chance: an id that the queue takes and the API reads back', () => {
  fc.assert(
    fc.property(MOMENT, fc.uint8Array({ minLength: 13, maxLength: 16 }), (nowMs, random) => {
      const id = makeSagaId('del', nowMs, random);
      expect(parseSagaId(id)).toBe(id);
      expect(id).toMatch(/^del-[0-9a-z]{22}$/);
    }),
  );
});

it('made later: sorts later', () => {
  fc.assert(
    fc.property(MOMENT, MOMENT, (a, b) => {
      const [early, late] = a < b ? [a, b] : [b, a];
      const [first, second] = [early, late].map((ms) => makeSagaId('del', ms, randomBytes(16)));
      expect(early === late || (first ?? '') < (second ?? '')).toBe(true);
    }),
  );
});

it('made at the same moment: different all the same', () => {
  const ids = Array.from({ length: 10_000 }, () => makeSagaId('del', 0, randomBytes(16)));
  expect(new Set(ids).size).toBe(10_000);
});

it('too little chance: refused, an id that can be guessed is none', () => {
  expect(() => makeSagaId('del', 0, randomBytes(5))).toThrow(RangeError);
});

const RECLAIM = { kind: 'reclaim', prefix: 'rcl' };

it('of a child: the same for one parent, kind and name, and else another', () => {
  const parent = makeSagaId('syn', Date.UTC(2026, 10), randomBytes(16));
  const id = childSagaId(RECLAIM, parent, 'bot/a/b');
  expect(childSagaId(RECLAIM, parent, 'bot/a/b')).toBe(id);
  expect(id).toMatch(/^rcl-[0-9a-z]{22}$/);
  expect(id.slice(4, 13)).toBe(parent.slice(4, 13));
  const others = [
    childSagaId(RECLAIM, parent, 'bot/a/c'),
    childSagaId({ kind: 'delete', prefix: 'rcl' }, parent, 'bot/a/b'),
    childSagaId(RECLAIM, makeSagaId('syn', Date.UTC(2026, 10), randomBytes(16)), 'bot/a/b'),
    childSagaId(RECLAIM, toSagaId('all-aaaaaaaaaaaaaaaa'), 'bot/a/b'),
  ];
  expect(new Set([id, ...others].map((one) => one.slice(4))).size).toBe(5);
});
