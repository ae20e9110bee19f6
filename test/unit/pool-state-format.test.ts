import { expect, test } from 'vitest';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { formatPoolState, parsePoolState } from '../../src/pool-state/pool-state-format.ts';
import { hiddenBy } from '../../src/pool-state/unreadable-rows.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

test('a state written and parsed: the same, unknown fields and a word we do not know included', () => {
  const sample = samplePoolState(3);
  const pool = sample.pools['uid-0-pool-1'];
  if (pool === undefined) throw new Error('the sample lost its pool');
  const state = { ...sample, pools: { 'uid-0-pool-1': { ...pool, status: 'draining' } } };
  expect(parsePoolState(formatPoolState(state, true))).toEqual({ status: 'ok', state });
});

test('a field of the wrong kind: its row is hidden with the reason, its bots with it, and written back as it stands', () => {
  const text = formatPoolState(samplePoolState(3), false).toString();
  const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
    [
      '"capacity": 3',
      '"capacity": null',
      'pools["uid-0-pool-1"].capacity is not a number',
      ['uid-0-bot-1', 'uid-0-bot-2', 'uid-0-bot-3'],
    ],
    [
      '"slotIndex": 1',
      '"slot": 1',
      'botMapping["uid-0-bot-2"].slotIndex is not a number',
      ['uid-0-bot-2'],
    ],
  ];
  for (const [good, bad, reason, hidden] of cases) {
    const bytes = Buffer.from(text.replace(good, bad));
    const state = stateIn(bytes);
    const all = ['uid-0-bot-1', 'uid-0-bot-2', 'uid-0-bot-3'];
    expect(all.filter((id) => hiddenBy(state, id) === reason)).toEqual(hidden);
    expect(formatPoolState(state, false).toString()).toBe(bytes.toString());
  }
});

test('a pool whose list cannot be read: hides what no mapping places, of the user it is named after', () => {
  const text = formatPoolState(samplePoolState(3), false).toString();
  const state = stateIn(Buffer.from(text.replace(/"bots": \[[^\]]*\]/, '"bots": "lost"')));
  expect(hiddenBy(state, 'uid-0-bot-9')).toMatch(/bots is not a list of strings/);
  expect(hiddenBy(state, 'uid-0-bot-1')).toBeNull();
  expect(hiddenBy(state, 'uid-1-bot-1')).toBeNull();
});

test('fields that older versions did not write: readable without them, and none is made up', () => {
  const whole = samplePoolState(3);
  const old = JSON.parse(JSON.stringify(whole), (key, value) =>
    ['host', 'poolDir', 'nextPoolId', 'updatedAt'].includes(key) ? undefined : value,
  );
  for (const pool of Object.values<Record<string, unknown>>(old.pools)) delete pool.userId;
  const bytes = Buffer.from(JSON.stringify(old, null, 2));
  const state = stateIn(bytes);
  expect(state).toEqual(old);
  expect(formatPoolState(state, false).toString()).toBe(bytes.toString());
});

test('no rows at all: malformed', () => {
  for (const text of ['{}', '{"pools": [], "botMapping": {}}', '{"pools": {}}', '[]']) {
    expect(parsePoolState(Buffer.from(text))).toMatchObject({ status: 'malformed' });
  }
});

function stateIn(bytes: Buffer): PoolState {
  const parsed = parsePoolState(bytes);
  if (parsed.status === 'malformed') throw new Error(parsed.reason);
  return parsed.state;
}
