import { expect, it } from 'vitest';
import { buildSerializer } from '../../src/api/serializers.ts';

const route = { method: 'GET', url: '/', httpStatus: '200' };

it('one schema in two applications: compiled once, and what it does not name stays inside', () => {
  const schema = { type: 'object', properties: { shown: { type: 'string' } } };
  const first = buildSerializer({}, undefined)({ ...route, schema });
  const second = buildSerializer({}, undefined)({ ...route, url: '/other', schema });
  expect(second).toBe(first);
  expect(first({ shown: 'a', hidden: 'b' })).toBe('{"shown":"a"}');
});

it('a schema that refers to one of its application: read as that application has it', () => {
  const schema = { $ref: 'shared#' };
  const inOf = (type: string) => ({ shared: { $id: 'shared', type } });
  expect(buildSerializer(inOf('string'), undefined)({ ...route, schema })(7)).toBe('"7"');
  expect(buildSerializer(inOf('integer'), undefined)({ ...route, schema })(7)).toBe('7');
});

it('other options: nothing is shared', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };
  const usual = buildSerializer({}, undefined)({ ...route, schema });
  const up = buildSerializer({}, { rounding: 'ceil' })({ ...route, schema });
  expect([usual({ n: 1.5 }), up({ n: 1.5 })]).toEqual(['{"n":1}', '{"n":2}']);
});
