// Every verdict in every state that a bot can be in: one sentence each, and none that contradicts what else is known.

import { describe, expect, it } from 'vitest';
import { type BotFacts, describeBot } from '../../src/api/describe-bot.ts';
import { judgePresence } from '../../src/domain/presence.ts';
import { HEALTH_STATES } from '../../src/health/bot-healths.ts';
import { BOT_VERDICTS, type BotVerdict } from '../../src/sync/bot-view.ts';

const OBSERVED = { present: 'yes', absent: 'no', unknown: 'unknown' } as const;
const PLACES = ['present', 'absent', 'unknown'] as const;
const WORTHS = [null, 0, 12.5, 1_234_567_890.12, 'none'] as const;

/** What can be told of a bot at all: a presence, its vetoes, its amount, its process. */
function everyBot(): readonly BotFacts[] {
  const bots: BotFacts[] = [];
  for (const worth of WORTHS) {
    for (const poolState of PLACES) {
      for (const docker of PLACES) {
        for (const isRunning of docker === 'present' ? [true, false] : [false]) {
          for (const state of [null, ...HEALTH_STATES]) {
            for (const isDedicated of [true, false]) {
              const presence = judgePresence({
                ...{ hasAllocation: worth !== 'none', isDedicated },
                ...{ poolState: OBSERVED[poolState], docker: OBSERVED[docker] },
              });
              const vetoes: BotVerdict[] = worth === 'none' ? [] : ['busy'];
              if (presence === 'orphan') vetoes.push('settled', 'pending');
              const own: BotVerdict =
                presence === 'orphan' && worth === null ? 'not-money' : presence;
              for (const verdict of [own, ...vetoes]) {
                bots.push({
                  verdict,
                  allocation:
                    worth === 'none' ? { status: 'absent' } : { status: 'present', worth },
                  poolState: { status: poolState, reason: 'the pool state is silent' },
                  docker: { status: docker, reason: 'docker is silent' },
                  ...{ isRunning, health: state === null ? null : { state, restarts: 1 } },
                });
              }
            }
          }
        }
      }
    }
  }
  return bots;
}

/** What must not be said of such a bot: its label and its sentence together. */
const CONTRADICTIONS: readonly {
  readonly of: string;
  readonly when: (bot: BotFacts) => boolean;
  readonly said: RegExp;
}[] = [
  {
    of: 'money that no run returns',
    when: ({ verdict, allocation }) =>
      verdict !== 'orphan' || allocation.status === 'absent' || allocation.worth === null,
    said: /returns its money/,
  },
  {
    of: 'money in a bot that is worth nothing',
    when: ({ allocation }) => allocation.status === 'present' && allocation.worth === 0,
    said: /returns its money/,
  },
  {
    of: 'money in a bot without an allocation',
    when: ({ allocation }) => allocation.status === 'absent',
    said: /[Yy]our money|what your wallet says|in your wallet/,
  },
  {
    of: 'no money in a bot with an allocation',
    when: ({ allocation }) => allocation.status === 'present',
    said: /holds no money/,
  },
  {
    of: 'left alone and repaired',
    when: ({ verdict }) => ['not-money', 'settled', 'pending'].includes(verdict),
    said: /Sync Wallet (returns|removes)/,
  },
  {
    of: 'a bot that runs',
    when: ({ isRunning }) => isRunning,
    said: /does not run|Stopped|exists nowhere|not in Docker|no such bot/,
  },
  {
    of: 'a bot that does not run',
    when: ({ isRunning }) => !isRunning,
    said: /Running|runs at|seen to run/,
  },
  {
    of: 'gone, where a host did not answer',
    when: ({ docker }) => docker.status === 'unknown',
    said: /exists nowhere|no such bot|not in Docker|in no source/,
  },
  {
    of: 'no number, of a number below zero',
    when: () => true,
    said: /not a number/,
  },
];

describe('a bot in words', () => {
  const bots = everyBot();

  it('every verdict is said in some state', () => {
    expect(new Set(bots.map(({ verdict }) => verdict))).toEqual(new Set(BOT_VERDICTS));
  });

  it.each(CONTRADICTIONS)(
    'of every verdict in every state, nothing says: $of',
    ({ when, said }) => {
      const concerned = bots.filter(when);
      expect(concerned.length).toBeGreaterThan(0);
      const wrong = concerned.filter((bot) => {
        const { label, sentence } = describeBot(bot);
        return said.test(`${label}. ${sentence ?? ''}`);
      });
      expect(wrong).toEqual([]);
    },
  );

  it('what needs a person says why', () => {
    for (const bot of bots) {
      const { tone, sentence } = describeBot(bot);
      if (tone === 'warn' || tone === 'bad') expect(sentence).toMatch(/\.$/);
    }
  });
});
