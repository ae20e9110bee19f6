import { expect, it } from 'vitest';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { highestInPools, numberedBot } from '../../src/pool-state/numbered-bots.ts';
import { emptyPool, poolStateWith } from '../support/provisions.ts';

it.each([
  ['uid', 'uid-bot-1'],
  ['UID_with-all-9', 'UID_with-all-9-bot-1'],
  ['uid.dotted', undefined],
  ['pool-uid', undefined],
  ['-uid', undefined],
  ['uid@example', undefined],
  ['ümlaut', undefined],
  ['u'.repeat(122), `${'u'.repeat(122)}-bot-1`],
  ['u'.repeat(123), undefined],
])('the first bot of %s: %s', (uid, id) => {
  expect(numberedBot(toFirebaseUid(uid), 1)).toBe(id);
});

it('the highest number in the pool state: of this user alone, in lists and mappings', () => {
  const bots = [
    'uid-bot-3',
    'uid-bot-x',
    'uid-bot-1-bot-80',
    'other-bot-90',
    'uid-bot-',
    'uid-bot-4.5',
  ];
  const state = poolStateWith({ ...emptyPool(), bots });
  expect(highestInPools(state, toFirebaseUid('uid'))).toBe(3);
  const mapped = { ...state, botMapping: { 'uid-bot-12': {} as never } };
  expect(highestInPools(mapped, toFirebaseUid('uid'))).toBe(12);
  expect(highestInPools(poolStateWith(), toFirebaseUid('uid'))).toBe(0);
});
