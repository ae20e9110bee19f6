// What goes wrong in a simulation until the weather is calm: workers are killed and frozen, the log's primary changes and
// an old one does not know it, services go away, wake-ups come twice, people cancel and give orders, and others write to the same wallet and start the same bot.

import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import { isBotGone, start } from './bot.ts';
import type { Stage } from './stage.ts';
import { dropMark, resurrect } from './wallet.ts';
import type { Service, Weather } from './wire.ts';
import type { SimulatedWorld } from './worker.ts';

const OPERATOR_EVERY_MS = 60_000;

/** Unnoticed, longer than a lease, and longer than any step may take. */
const FREEZES_MS = [500, 17_000, 30_000] as const;
/** An old primary that is cut off steps down when its election's timeout is over. */
const LONGEST_CUT_MS = 10_000;
/** Long enough for a lease to run out twice, whatever its pace. */
const SHORTEST_MS = 30_000;

/** A saga and what it is about. */
export interface Story {
  readonly id: SagaId;
  readonly world: SimulatedWorld;
}

/** @returns for how long it goes on. */
export function letItStorm(
  stage: Stage,
  weather: Weather,
  stories: readonly Story[],
): { readonly forMs: number } {
  const { chance } = weather;

  function everyNowAndThen(fromMs: number, toMs: number, act: () => void): void {
    stage.later(chance.between(fromMs, toMs), () => {
      if (weather.isCalm) return;
      act();
      everyNowAndThen(fromMs, toMs, act);
    });
  }

  // Each trouble at a pace of its own, of the same order as the work itself (a deletion takes a tenth of a second) or
  // slower, and some not at all: a worker that dies all the time never gets to where it might do harm.
  let slowest = 0;
  function troubles(fromPaces: number, toPaces: number, act: () => void): void {
    const pace = chance.pick([null, 20, 200, 2_000]);
    if (pace === null) return;
    slowest = Math.max(slowest, pace);
    everyNowAndThen(fromPaces * pace, toPaces * pace, act);
  }
  troubles(1, 30, () => stage.kill(chance.between(0, 1)));
  troubles(1, 30, () => stage.freeze(chance.between(0, 1), chance.pick(FREEZES_MS)));
  troubles(2, 40, () => stage.cutOff(chance.between(0, 1), chance.between(500, LONGEST_CUT_MS)));
  troubles(5, 50, () =>
    outage(weather, chance.pick(['log', 'wallet', 'docker', 'docker', 'file'])),
  );
  for (const story of stories) trouble(story);

  function trouble({ id, world }: Story): void {
    troubles(1, 20, () => stage.deliver(id));
    troubles(1, 40, () => writeLegacy(world));
    const wasRunning = world.bot.runningSinceMs !== null;
    troubles(1, wasRunning ? 20 : 200, () => {
      if (!wasRunning || !isBotGone(world.bot)) startBot(world);
    });
    troubles(1, 10, () => stage.order(id, chance.pick(['retry', 'compensate', 'skip'])));
    if (chance.hits(0.3))
      stage.later(chance.between(1, chance.pick([200, 20_000])), () => stage.cancel(id));
  }
  return { forMs: SHORTEST_MS + 30 * slowest };
}

/** From here on nothing goes wrong, an operator sends on what is stuck, and an administrator who was told of an
 * allocation that is back removes it. */
export function calm(stage: Stage, weather: Weather, stories: readonly Story[]): void {
  weather.isCalm = true;
  weather.faults = 0;
  weather.sluggish = null;
  for (const service of ['log', 'wallet', 'docker', 'file'] as const) {
    weather.awayUntilMs[service] = 0;
  }
  for (const story of stories) tend(stage, story);
}

function tend(stage: Stage, { id, world: { log, findings, wallet } }: Story): void {
  const tendOnce = () => {
    stage.later(OPERATOR_EVERY_MS, tendOnce);
    void log.find(id).then((saga) => {
      if (saga?.state.phase === 'stuck') stage.order(id, 'retry');
    });
    if (wallet.isResurrected && findings.has('resurrected')) wallet.allocation = null;
  };
  tendOnce();
}

function outage(weather: Weather, service: Service): void {
  const { tell, time, chance } = weather;
  tell(`${service} is away`);
  weather.awayUntilMs[service] = time.nowMs() + chance.between(500, 30_000);
}

/** What the platform writes it writes from its own copy: without the mark, or with the allocation that was paid. */
function writeLegacy({ wallet, weather }: SimulatedWorld): void {
  if (wallet.allocation !== null) {
    weather.tell('the mark is dropped');
    dropMark(wallet);
  } else if (wallet.copy !== null && weather.chance.hits(0.5)) {
    weather.tell('the allocation is back');
    resurrect(wallet);
  }
}

/** Docker's restart policy, or the platform, starts a bot that was stopped, or one that nobody knew to be there. */
function startBot({ bot, weather }: SimulatedWorld): void {
  if (bot.runningSinceMs !== null) return;
  weather.tell('the bot is started');
  start(bot);
}
