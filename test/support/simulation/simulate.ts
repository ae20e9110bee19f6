// One saga in a world where everything goes wrong for a while, driven by one seed in virtual time. Then the weather
// calms down, and what became of the bot and its money is read from the world.

import type { SagaRecord } from '../../../src/saga/record.ts';
import { isEnded } from '../../../src/saga/state.ts';
import { createMemorySagaLog } from '../memory-saga-log.ts';
import { createBotWorld } from './bot.ts';
import { BOT, drawPlot, type Plot, UID } from './plot.ts';
import { createChance } from './seeded-chance.ts';
import { createStage } from './stage.ts';
import { calm, letItStorm } from './storm.ts';
import { createTombstoneWorld } from './tombstones.ts';
import type { Twin } from './twin.ts';
import type { VirtualTime } from './virtual-time.ts';
import { createWalletWorld, RULES } from './wallet.ts';
import type { Weather } from './wire.ts';
import type { SimulatedWorld } from './worker.ts';

export interface Simulated {
  readonly plot: Plot;
  readonly saga: SagaRecord;
  readonly world: SimulatedWorld;
  /** Every record as it was written, in order. */
  readonly written: readonly SagaRecord[];
  /** A cancel was answered with a promise. */
  readonly isCancelPromised: boolean;
  readonly failures: readonly string[];
  readonly trace: readonly string[];
}

/** The end of the saga does not end it. */
const STORM_AFTER_END_MS = 5_000;
/** What was sent in the storm has arrived so long after it. */
const AFTERMATH_MS = 60_000;
/** A saga that has not ended by then never will. */
const PATIENCE_MS = 6 * 3_600_000;
/** The tombstone's last look is due ten minutes after its end. */
const LAST_LOOKS_MS = 15 * 60_000;

/** @param twin what is seeded into it; the real thing without. */
export async function simulate(
  seed: number,
  time: VirtualTime,
  twin: Twin = {},
): Promise<Simulated> {
  time.restart();
  const startMs = time.nowMs();
  const trace: string[] = [];
  const written: SagaRecord[] = [];
  const chance = createChance(seed);
  const plot = drawPlot(chance);
  const tell = (line: string) => void trace.push(`${time.nowMs() - startMs} ${line}`);
  const weather: Weather = {
    time,
    chance,
    tell,
    isCalm: false,
    faults: chance.pick([0.02, 0.1, 0.3]),
    sluggish: chance.pick([null, null, 'wallet', 'wallet', 'docker', 'file']),
    awayUntilMs: { log: 0, wallet: 0, docker: 0, file: 0 },
    atDocker: new Set(),
  };
  const bot = createBotWorld(UID, BOT, plot.bot, () => time.nowMs());
  const world: SimulatedWorld = {
    weather,
    log: createMemorySagaLog(time, {
      onWrite: (saga) => {
        written.push(saga);
        tell(tellSaga(saga));
        const { epoch } = saga;
        if (epoch > bot.newest.epoch) bot.newest = { epoch, sinceMs: time.nowMs() };
      },
    }),
    wallet: createWalletWorld(BOT, UID, { ...RULES, ...twin.rules }),
    tombstones: createTombstoneWorld(() => time.nowMs()),
    bot,
    findings: new Set(),
    twin,
  };
  const stage = createStage(world);
  tell(`begins: ${plot.kind}, ${plot.policy}`);
  const id = await stage.begin(plot);
  const { forMs } = letItStorm(stage, world, id);
  const hasEnded = () => isEnded(written.at(-1)?.state.phase ?? 'queued');
  await time.runUntil(startMs + forMs, hasEnded);
  await time.runUntil(time.nowMs() + STORM_AFTER_END_MS);
  tell('calm');
  calm(stage, world, id);
  await time.runUntil(startMs + PATIENCE_MS, hasEnded);
  await time.runUntil(time.nowMs() + AFTERMATH_MS);
  stage.dismiss();
  await time.runUntil(time.nowMs() + LAST_LOOKS_MS);
  stage.stop();
  const last = written.at(-1);
  if (last === undefined) throw new Error('the saga was never written');
  const { failures } = stage;
  const isCancelPromised = stage.isCancelPromised();
  return { plot, saga: last, world, written, isCancelPromised, failures, trace };
}

function tellSaga({ epoch, state, history }: SagaRecord): string {
  const { phase, cursor, steps } = state;
  return `log ${epoch}: ${history.at(-1)?.type} -> ${phase} ${cursor} ${steps[cursor]?.status}`;
}
