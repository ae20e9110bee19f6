// Which tombstones' ends are the end of a remembered bot (I4).

import { expect, it } from 'vitest';
import { toFirebaseUid, toUserId } from '../../src/domain/ids.ts';
import { type EndedIncarnation, endedOf } from '../../src/tombstones/ended-bots.ts';

const ANN = toUserId('00000000000000000000000a');
const BOB = toUserId('00000000000000000000000b');
const BEFORE = new Date(1_000);
const AFTER = new Date(2_000);

const end = (fields: Partial<EndedIncarnation> = {}): EndedIncarnation => ({
  ...{ instanceId: 'ann-bot-1', userId: ANN, firebaseUid: toFirebaseUid('ann') },
  ...{ endedAt: AFTER, hosts: [] },
  ...fields,
});
const ofBob = (fields: Partial<EndedIncarnation> = {}) =>
  end({ userId: BOB, firebaseUid: toFirebaseUid('bob'), ...fields });

it.each<[string, readonly string[], readonly EndedIncarnation[], boolean]>([
  ['its owner, by _id', [ANN], [end()], true],
  ['its owner, by firebaseUid', ['ann'], [end()], true],
  ['its owner, before it was observed', [ANN], [end({ endedAt: BEFORE })], false],
  ['another user, of the same id', [ANN], [ofBob({ hosts: ['east'] })], false],
  ['one of two who are said to own it', ['ann', 'bob'], [end()], false],
  ['both who are said to own it', ['ann', 'bob'], [end(), ofBob()], true],
  ['nobody named: whose name the id bears', [], [end()], true],
  ['nobody named: another', [], [ofBob()], false],
  ['nobody named: another, who observed it there', [], [ofBob({ hosts: ['east'] })], true],
  ['nobody named: another, who observed theirs elsewhere', [], [ofBob({ hosts: ['west'] })], false],
  ['nobody named: a user without a name', [], [end({ firebaseUid: null })], false],
  ['another id', [ANN], [end({ instanceId: 'ann-bot-2' })], false],
])('an end of %s', (_, owners, ends, isEnded) => {
  const bot = { instanceId: 'ann-bot-1', owners, host: 'east', at: BEFORE };
  expect(endedOf([bot], ends).has(bot)).toBe(isEnded);
});
