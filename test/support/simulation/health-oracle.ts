// What must be true after rounds of pool health: nothing was done to a bot that ran, each restart was ordered once, and what
// the pool state says of a bot that still has its money is true (I4, I5, I9, I10).

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { Simulated } from '../../../packages/saga/src/testing/index.ts';
import { botKey } from '../../../src/deletion/bot-key.ts';
import { DELETE_BOT } from '../../../src/deletion/delete-bot.ts';
import { HEALTH_SETTINGS } from '../../../src/health/judge-bot.ts';
import { RESTART_BOT } from '../../../src/health/restart-bot.ts';
import { isListed } from '../../fakes/bot-world.ts';
import { broken } from './oracle.ts';
import type { DriftedBot, UserWorld } from './user-simulation.ts';

/** @returns the promises that are broken. */
export function brokenHealth({ sagas }: Simulated<UserWorld>): readonly string[] {
  const records = sagas.map(({ saga }) => saga);
  const worlds = [...new Set(sagas.map(({ world }) => world))];
  return worlds.flatMap(({ bots }) =>
    bots.flatMap((bot) =>
      brokenBot(bot, records).map((promise) => `${promise} (${bot.names.instanceId})`),
    ),
  );
}

function brokenBot(
  { names, wallet, bot, drift }: DriftedBot,
  records: readonly SagaRecord[],
): readonly string[] {
  const { instanceId } = names;
  const { pools, markedWrongly } = bot.ground;
  const ofBot = records.filter(({ key }) => key === botKey(names));
  const restarts = ofBot.filter(({ kind }) => kind === RESTART_BOT);
  // What is remembered of a bot is forgotten when its entry is taken out, and counted anew when that is back.
  const isRemembered = drift !== 'lost' && !ofBot.some(({ kind }) => kind === DELETE_BOT);
  const isLeft = wallet.allocation !== null && wallet.payments.length === 0 && isListed(bot);
  const status = pools.botMapping[instanceId]?.status;
  const { program } = bot;
  return broken({
    'I4: it has run all the time, and was marked failed': markedWrongly.has(instanceId),
    'I5: one restart was ordered twice': isRemembered && hasDoubles(restarts),
    [`I9: its program is ${program}, and the pool state says ${status}`]:
      isLeft && status !== (program === 'RUNNING' ? 'running' : 'failed'),
    'I10: it has failed, and was not started again':
      isLeft && program === 'EXITED' && restarts.length < HEALTH_SETTINGS.maxRestarts,
  });
}

function hasDoubles(restarts: readonly SagaRecord[]): boolean {
  const attempts = restarts.map(({ input, createdAt }) => {
    return { attempt: Reflect.get(Object(input), 'attempt'), atMs: Date.parse(createdAt) };
  });
  return attempts.some((one, index) =>
    attempts.slice(index + 1).some((other) => {
      const areFar = Math.abs(other.atMs - one.atMs) > HEALTH_SETTINGS.forgiveMs / 2;
      return one.attempt === other.attempt && !areFar;
    }),
  );
}
