// MongoDB away: who may still read a page with a session.

import { expect, test } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import { createRememberedEnds } from '../../src/api/remembered-ends.ts';
import type { EndedSessions } from '../../src/infra/identities/mongo-ended-sessions.ts';

function setUp() {
  const ended = new Set<string>();
  const at = { ms: 1_000, isAway: false };
  const list: EndedSessions = {
    end: async (id) => {
      if (at.isAway) throw new UnavailableError('MONGODB_UNAVAILABLE', 'away');
      ended.add(id);
    },
    among: async (ids) => {
      if (at.isAway) throw new UnavailableError('MONGODB_UNAVAILABLE', 'away');
      return new Set(ids.filter((id) => ended.has(id)));
    },
  };
  return { at, ended, ends: createRememberedEnds(list, () => at.ms) };
}

test('the list is away: a session that it did not hold is believed for a minute, and no longer', async () => {
  const { at, ends } = setUp();
  expect(await ends.among(['a'])).toEqual(new Set());
  at.isAway = true;
  at.ms += 59_999;
  expect(await ends.among(['a'])).toEqual(new Set());
  at.ms += 1;
  await expect(ends.among(['a'])).rejects.toThrow(UnavailableError);
});

test('the list is away: a session that it was never asked for is not believed, alone or beside another', async () => {
  const { at, ends } = setUp();
  await ends.among(['a']);
  at.isAway = true;
  await expect(ends.among(['b'])).rejects.toThrow(UnavailableError);
  await expect(ends.among(['a', 'b'])).rejects.toThrow(UnavailableError);
});

test('the list is away: a session that was to end here, or had ended elsewhere, is not believed', async () => {
  const { at, ended, ends } = setUp();
  await ends.among(['a', 'b']);
  ended.add('b');
  expect(await ends.among(['b'])).toEqual(new Set(['b']));
  at.isAway = true;
  await expect(ends.end('a', new Date(0))).rejects.toThrow(UnavailableError);
  await expect(ends.among(['a'])).rejects.toThrow(UnavailableError);
  await expect(ends.among(['b'])).rejects.toThrow(UnavailableError);
});

test('the list answers: it is believed, whatever is remembered', async () => {
  const { ended, ends } = setUp();
  await ends.among(['a']);
  ended.add('a');
  expect(await ends.among(['a'])).toEqual(new Set(['a']));
});

test('it ends here while the list is asked for it, and the list is away then: the older answer is not believed', async () => {
  const answer = Promise.withResolvers<ReadonlySet<string>>();
  const answers = [
    answer.promise,
    Promise.reject(new UnavailableError('MONGODB_UNAVAILABLE', 'away')),
  ];
  const ends = createRememberedEnds(
    { end: async () => undefined, among: () => answers.shift() ?? Promise.resolve(new Set()) },
    () => 1_000,
  );
  const asked = ends.among(['a']);
  await ends.end('a', new Date(0));
  answer.resolve(new Set());
  await asked;
  await expect(ends.among(['a'])).rejects.toThrow(UnavailableError);
});
