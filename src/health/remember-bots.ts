// Stores what a round has judged. Only a write that lands counts; the others were decided from a state that is gone,
// and nothing follows from them.

import { type Judgement, programOf } from './assess.ts';
import type { BotEvent } from './bot-events.ts';
import type { HealthWrite } from './bot-healths.ts';
import type { HealthPorts } from './health-ports.ts';
import type { Verdict } from './judge-bot.ts';

export interface Persisted extends Judgement {
  readonly verdict: Verdict;
}

export async function rememberBots(
  ports: Pick<HealthPorts, 'healths' | 'events' | 'meter' | 'nowMs'>,
  judgements: readonly Judgement[],
): Promise<readonly Persisted[]> {
  const nowMs = ports.nowMs();
  const unanswered = judgements.filter(({ verdict }) => verdict === null).length;
  if (unanswered > 0) ports.meter.confirmed('unknown', unanswered);
  const answered = judgements.flatMap((one): Persisted[] =>
    one.verdict === null ? [] : [{ ...one, verdict: one.verdict }],
  );
  const changed = answered.filter(isChange);
  const unchanged = answered.filter((one) => !isChange(one));
  const [saved] = await Promise.all([
    ports.healths.save(changed.map((one) => writeOf(one, nowMs))),
    ports.healths.touch(
      unchanged.map(({ key }) => key),
      nowMs,
    ),
  ]);
  const persisted = [...changed.filter(({ key }) => saved.has(key)), ...unchanged];
  for (const { verdict } of persisted) ports.meter.confirmed(verdict.memory.state, 1);
  await ports.events.add(persisted.flatMap((one) => eventsOf(one, nowMs)));
  return persisted;
}

function isChange(one: Persisted): boolean {
  const { recorded, incarnationId, bot, verdict } = one;
  return (
    recorded?.incarnationId !== incarnationId ||
    recorded.userId !== (bot?.userId ?? null) ||
    recorded.program !== programOf(one) ||
    Object.entries(verdict.memory).some(([name, value]) => {
      return Reflect.get(recorded.memory, name) !== value;
    })
  );
}

function writeOf(one: Persisted, nowMs: number): HealthWrite {
  const { key, entry, bot, incarnationId, recorded, verdict } = one;
  return {
    key,
    instanceId: entry.instanceId,
    userId: bot?.userId ?? null,
    poolKey: entry.poolKey,
    incarnationId,
    memory: verdict.memory,
    program: programOf(one),
    observedAtMs: nowMs,
    base: recorded?.writeId ?? null,
  };
}

function eventsOf(one: Persisted, atMs: number): BotEvent[] {
  const { key, bot, recorded, verdict } = one;
  if (bot === null) return [];
  const { userId, instanceId } = bot;
  const program = programOf(one);
  const detail = program === null ? null : `supervisord reports ${program}`;
  return verdict.events.map((type) => ({
    // On one memory each type stands once: a repeat adds nothing. The moment stands for one that was not there.
    id: `${key}/${recorded?.writeId ?? atMs}/${type}`,
    ...{ userId, instanceId, type, detail, jobId: null, atMs },
  }));
}
