// What an observation of a bot means, by example and over any sequence of observations. What must hold of restarts and statuses is counted
// here a second time, from the observations alone.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProgramState } from '../../src/domain/bot.ts';
import type { BotMemory } from '../../src/health/bot-healths.ts';
import {
  type BotObservation,
  HEALTH_SETTINGS,
  judgeBot,
  type Verdict,
} from '../../src/health/judge-bot.ts';

const { checksToFail, maxRestarts, cooldownMs, forgiveMs } = HEALTH_SETTINGS;
const PERIOD_MS = 30_000;
const FIRST_MS = 1_800_000_000_000;

interface AuditPass {
  readonly observation: BotObservation;
  readonly afterMs: number;
  readonly isRestrained?: boolean;
}

interface PresenceAnswer extends Required<AuditPass> {
  readonly atMs: number;
  readonly mappedBefore: string;
  readonly verdict: Verdict | null;
}

/** Judges one observation after the other; the file takes what it is told. */
function watch(
  observations: readonly AuditPass[],
  firstWord = 'running',
): readonly PresenceAnswer[] {
  let memory: BotMemory | null = null;
  let mapped = firstWord;
  let nowMs = FIRST_MS;
  return observations.map(({ observation, afterMs, isRestrained = false }) => {
    nowMs += afterMs;
    const mappedBefore = mapped;
    const verdict = judgeBot({ memory, observation, mapped, isRestrained, nowMs }, HEALTH_SETTINGS);
    memory = verdict?.memory ?? memory;
    mapped = verdict?.markAs ?? mapped;
    return { observation, afterMs, isRestrained, atMs: nowMs, mappedBefore, verdict };
  });
}

function program(word: ProgramState | 'absent', afterMs = PERIOD_MS): AuditPass {
  return { observation: { status: 'program', program: word }, afterMs };
}

const UNKNOWN: AuditPass = { observation: { status: 'unknown' }, afterMs: PERIOD_MS };
const POOL_DOWN: AuditPass = { observation: { status: 'pool-down' }, afterMs: PERIOD_MS };

function marks(observed: readonly PresenceAnswer[]) {
  return observed.map(({ verdict }) => verdict?.markAs ?? null);
}

function restarts(observed: readonly PresenceAnswer[]) {
  return observed.map(({ verdict }) => verdict?.restart ?? false);
}

function events(observed: readonly PresenceAnswer[]) {
  return observed.flatMap(({ verdict }) => verdict?.events ?? []);
}

describe('one bot, observation by observation', () => {
  it('observations that are not answered: nothing at all, and the row goes on after them', () => {
    const observed = watch([
      program('FATAL'),
      UNKNOWN,
      program('FATAL'),
      UNKNOWN,
      program('FATAL'),
    ]);
    expect(observed.map(({ verdict }) => verdict?.memory.failures ?? null)).toEqual([
      1,
      null,
      2,
      null,
      3,
    ]);
    expect(marks(observed)).toEqual([null, null, null, null, 'failed']);
  });

  it('a crash loop seen STARTING in between: the row goes on, each event is told once', () => {
    const words = ['BACKOFF', 'STARTING', 'BACKOFF', 'STARTING', 'BACKOFF', 'BACKOFF'] as const;
    const observed = watch(words.map((word) => program(word)));
    expect(marks(observed)).toEqual([null, null, null, null, 'failed', null]);
    expect(events(observed)).toEqual(['failing', 'failed']);
  });

  it('a pool that does not run: no failure of its bots, whose word stays', () => {
    const observations = [
      program('FATAL'),
      program('FATAL'),
      POOL_DOWN,
      POOL_DOWN,
      program('FATAL'),
    ];
    const observed = watch(observations);
    expect(marks(observed)).toEqual([null, null, null, null, null]);
    expect(observed.at(-1)?.verdict?.memory).toMatchObject({ state: 'failing', failures: 1 });
  });

  it('dead for good: three restarts with a minute between them, then given up, told once', () => {
    const observed = watch(Array.from({ length: 20 }, () => program('FATAL')));
    expect(observed.flatMap(({ verdict, atMs }) => (verdict?.restart ? [atMs] : []))).toEqual(
      [3, 5, 7].map((n) => FIRST_MS + n * PERIOD_MS),
    );
    expect(events(observed)).toEqual([
      ...['failing', 'failed', 'restart-ordered', 'restart-ordered', 'restart-ordered'],
      'gave-up',
    ]);
    expect(observed.at(-1)?.verdict?.memory.state).toBe('given-up');
  });

  it('the clock goes back by an hour: neither a restart nor its forgiving waits until it is there again', () => {
    const fallen = Array.from({ length: 3 }, () => program('FATAL'));
    const restarted = restarts(watch([...fallen, program('FATAL', -3_600_000)]));
    expect(restarted).toEqual([false, false, true, true]);
    const well = Array.from({ length: forgiveMs / PERIOD_MS }, () => program('RUNNING'));
    const observed = watch([...fallen, program('RUNNING', -3_600_000), ...well]);
    expect(observed.at(-2)?.verdict?.memory.restarts).toBe(1);
    expect(observed.at(-1)?.verdict?.memory.restarts).toBe(0);
  });

  it('up for a moment between its falls: the restarts stay used up; well for ten minutes: forgiven', () => {
    const fall = Array.from({ length: 9 }, () => program('FATAL'));
    const moment = watch([...fall, program('RUNNING'), ...fall]);
    expect(restarts(moment).filter(Boolean)).toHaveLength(maxRestarts);
    const well = Array.from({ length: forgiveMs / PERIOD_MS + 1 }, () => program('RUNNING'));
    const forgiven = watch([...fall, ...well, ...fall]);
    expect(restarts(forgiven).filter(Boolean)).toHaveLength(2 * maxRestarts);
    expect(events(forgiven).filter((type) => type === 'gave-up')).toHaveLength(2);
  });

  it('restrained: observed and remembered, but neither marked nor started', () => {
    const observations = Array.from({ length: 6 }, () => ({
      ...program('FATAL'),
      isRestrained: true,
    }));
    const observed = watch(observations);
    expect(marks(observed)).toEqual(Array(6).fill(null));
    expect(restarts(observed)).toEqual(Array(6).fill(false));
    expect(observed.at(-1)?.verdict?.memory).toMatchObject({ failures: 6, restarts: 0 });
    const healed = watch([{ ...program('RUNNING'), isRestrained: true }], 'failed');
    expect(marks(healed)).toEqual([null]);
  });

  it('a container of its own: failed at the third observation, never started by us', () => {
    const down = {
      observation: { status: 'container', isRunning: false },
      afterMs: PERIOD_MS,
    } as const;
    const observed = watch([down, down, down, down]);
    expect(marks(observed)).toEqual([null, null, 'failed', null]);
    expect(restarts(observed)).not.toContain(true);
  });
});

const WORDS = [
  ...(['RUNNING', 'STARTING', 'STOPPING', 'STOPPED', 'BACKOFF', 'EXITED', 'FATAL'] as const),
  'absent' as const,
];

const anyObservation: fc.Arbitrary<BotObservation> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS).map((word) => program(word).observation) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(program('FATAL').observation, program('RUNNING').observation),
  },
  { weight: 1, arbitrary: fc.constantFrom(UNKNOWN.observation, POOL_DOWN.observation) },
);

const anyWatch = fc.array(
  fc.record({
    observation: anyObservation,
    afterMs: fc.constantFrom(0, 1_000, 30_000, 60_000, 599_000, 700_000),
    isRestrained: fc.boolean(),
  }),
  { maxLength: 60 },
);

function wordOf({ observation }: PresenceAnswer): string {
  return observation.status === 'program' ? observation.program : observation.status;
}

const FAILED_WORDS = new Set(['BACKOFF', 'EXITED', 'FATAL', 'absent']);
const NEUTRAL_WORDS = new Set(['unknown', 'STARTING', 'STOPPING']);

/** Failed looks in a row up to and with this one. */
function rowAt(observed: readonly PresenceAnswer[], index: number): number {
  let row = 0;
  for (let at = index; at >= 0; at -= 1) {
    const word = wordOf(observed[at] as PresenceAnswer);
    if (FAILED_WORDS.has(word)) row += 1;
    else if (!NEUTRAL_WORDS.has(word)) break;
  }
  return row;
}

describe('any sequence of observations', () => {
  it('statuses change only from what was seen: healthy, or a full row of failures', () => {
    fc.assert(
      fc.property(
        anyWatch,
        fc.constantFrom('running', 'failed', 'stopped', 'pending', 'migrating'),
        (observations, word) => {
          const observed = watch(observations, word);
          for (const [index, one] of observed.entries()) {
            const expected = one.isRestrained
              ? null
              : one.mappedBefore === 'failed' && wordOf(one) === 'RUNNING'
                ? 'running'
                : one.mappedBefore === 'running' &&
                    FAILED_WORDS.has(wordOf(one)) &&
                    rowAt(observed, index) >= checksToFail
                  ? 'failed'
                  : null;
            expect(one.verdict?.markAs ?? null).toBe(expected);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('restarts: only of what has failed at three checks, a minute apart, three until it was well', () => {
    fc.assert(
      fc.property(anyWatch, (observations) => {
        const observed = watch(observations);
        let used = 0;
        let lastMs = Number.NEGATIVE_INFINITY;
        let wellSinceMs: number | null = null;
        for (const [index, one] of observed.entries()) {
          const word = wordOf(one);
          if (word === 'RUNNING') wellSinceMs ??= one.atMs;
          else if (word !== 'unknown') wellSinceMs = null;
          if (wellSinceMs !== null && word === 'RUNNING') {
            if (one.atMs - Math.max(wellSinceMs, lastMs) >= forgiveMs) used = 0;
          }
          if (one.verdict?.restart !== true) continue;
          expect(['EXITED', 'FATAL']).toContain(word);
          expect(one.isRestrained).toBe(false);
          expect(rowAt(observed, index)).toBeGreaterThanOrEqual(checksToFail);
          expect(one.atMs - lastMs).toBeGreaterThanOrEqual(cooldownMs);
          used += 1;
          lastMs = one.atMs;
          expect(used).toBeLessThanOrEqual(maxRestarts);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
