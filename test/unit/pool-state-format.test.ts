import { expect, test } from 'vitest';
import {
  formatPoolState,
  parsePoolState,
} from '../../src/adapters/pool-state/pool-state-format.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

test('a state written and parsed: the same, unknown fields and a word we do not know included', () => {
  const sample = samplePoolState(3);
  const pool = sample.pools['uid-0-pool-1'];
  if (pool === undefined) throw new Error('the sample lost its pool');
  const state = { ...sample, pools: { 'uid-0-pool-1': { ...pool, status: 'draining' } } };
  expect(parsePoolState(formatPoolState(state, true))).toEqual({ status: 'ok', state });
});

test('a field of the wrong kind: the reason names its place', () => {
  const text = formatPoolState(samplePoolState(3), false).toString();
  const cases: readonly (readonly [string, string, string])[] = [
    ['"capacity": 3', '"capacity": null', 'pools["uid-0-pool-1"].capacity is not a number'],
    ['"slotIndex": 1', '"slot": 1', 'botMapping["uid-0-bot-2"].slotIndex is not a number'],
    ['"nextPoolId": 1', '"nextPoolId": "1"', 'nextPoolId is not a number'],
  ];
  for (const [good, bad, reason] of cases) {
    const parsed = parsePoolState(Buffer.from(text.replace(good, bad)));
    expect(parsed).toEqual({ status: 'malformed', reason });
  }
});
