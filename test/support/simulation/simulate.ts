// Up to three sagas in a world where everything goes wrong for a while, driven by one seed in virtual time. Then the
// weather calms down, and what became of each bot and its money is read from the world.

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import { isEnded } from '../../../packages/saga/src/machine/state.ts';
import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import {
  createMemorySagaLog,
  type MemorySagaLog,
} from '../../../packages/saga/src/testing/log/memory-saga-log.ts';
import { createChance } from '../../../packages/saga/src/testing/simulation/seeded-chance.ts';
import type { VirtualTime } from '../../../packages/saga/src/testing/simulation/virtual-time.ts';
import { createBotWorld } from './bot.ts';
import { drawPlot, type Plot } from './plot.ts';
import { createStage } from './stage.ts';
import { calm, letItStorm, type Story } from './storm.ts';
import { createTombstoneWorld } from './tombstones.ts';
import type { Twin } from './twin.ts';
import { createWalletWorld, RULES } from './wallet.ts';
import type { Weather } from './wire.ts';
import type { Ground, SimulatedWorld } from './worker.ts';

export interface Simulated {
  readonly sagas: readonly SimulatedSaga[];
  readonly failures: readonly string[];
  readonly trace: readonly string[];
}

export interface SimulatedSaga {
  readonly saga: SagaRecord;
  readonly world: SimulatedWorld;
  /** Every record that was on a majority, in order. */
  readonly written: readonly SagaRecord[];
  /** A cancel was answered with a promise. */
  readonly isCancelPromised: boolean;
}

/** The end of the sagas does not end it. */
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
  const written = new Map<SagaId, SagaRecord[]>();
  const worlds = new Map<SagaId, SimulatedWorld>();
  const chance = createChance(seed);
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
  const log = createForgetfulLog(weather, (saga) => {
    const records = written.get(saga.id) ?? [];
    records.push(saga);
    written.set(saga.id, records);
    tell(tellSaga(saga, [...written.keys()].indexOf(saga.id)));
    const bot = worlds.get(saga.id)?.bot;
    const { epoch } = saga;
    if (bot !== undefined && epoch > bot.newest.epoch) {
      bot.newest = { epoch, sinceMs: time.nowMs() };
    }
  });
  const ground: Ground = { weather, log, twin };
  const stage = createStage(ground);
  const stories: Story[] = [];
  const plots = Array.from({ length: chance.pick(SAGAS) }, (_, nth) => drawPlot(chance, nth));
  for (const plot of plots) {
    const world = createWorld(ground, plot);
    tell(`begins: ${plot.kind}, ${plot.policy}`);
    const id = await stage.begin(world);
    worlds.set(id, world);
    stories.push({ id, world });
  }
  const { forMs } = letItStorm(stage, weather, stories);
  const hasEnded = () =>
    stories.every(({ id }) => isEnded(written.get(id)?.at(-1)?.state.phase ?? 'queued'));
  await time.runUntil(startMs + forMs, hasEnded);
  await time.runUntil(time.nowMs() + STORM_AFTER_END_MS);
  tell('calm');
  calm(stage, weather, stories);
  await time.runUntil(startMs + PATIENCE_MS, hasEnded);
  await time.runUntil(time.nowMs() + AFTERMATH_MS);
  stage.dismiss();
  await time.runUntil(time.nowMs() + LAST_LOOKS_MS);
  stage.stop();
  const sagas = stories.map(({ id, world }): SimulatedSaga => {
    const records = written.get(id) ?? [];
    const saga = records.at(-1);
    if (saga === undefined) throw new Error('the saga was never written');
    return { saga, world, written: records, isCancelPromised: stage.isCancelPromised(id) };
  });
  return { sagas, failures: stage.failures, trace };
}

/** Mostly one: what several add is that a failover is theirs together. */
const SAGAS = [1, 1, 1, 1, 1, 1, 2, 3] as const;

function createWorld(ground: Ground, plot: Plot): SimulatedWorld {
  const { time } = ground.weather;
  const { firebaseUid, instanceId } = plot.names;
  return {
    ...ground,
    plot,
    wallet: createWalletWorld(instanceId, firebaseUid, { ...RULES, ...ground.twin.rules }),
    tombstones: createTombstoneWorld(() => time.nowMs()),
    bot: createBotWorld(firebaseUid, instanceId, plot.bot, () => time.nowMs()),
    findings: new Set(),
  };
}

// Every now and then, while the majority is behind, the primary is lost: what it alone has acknowledged is forgotten, of
// all sagas at once.
function createForgetfulLog(weather: Weather, onWrite: (saga: SagaRecord) => void): MemorySagaLog {
  const { time, chance, tell, awayUntilMs } = weather;
  const rate = chance.pick([0, 0.1, 0.3, 0.7]);
  const log = createMemorySagaLog(time, {
    onWrite,
    lagMs: () => {
      if (weather.isCalm || !chance.hits(rate)) return chance.between(1, 10);
      const behindMs = chance.between(2, chance.pick([10, 60, 2_000]));
      setTimeout(() => {
        if (weather.isCalm) return;
        tell(`failover: ${log.failOver()} forgotten`);
        if (chance.hits(0.3)) awayUntilMs.log = time.nowMs() + chance.between(50, 12_000);
      }, behindMs);
      return behindMs + chance.between(1, 50);
    },
  });
  return log;
}

function tellSaga({ epoch, state, history }: SagaRecord, nth: number): string {
  const { phase, cursor, steps } = state;
  const what = `${history.at(-1)?.type} -> ${phase} ${cursor} ${steps[cursor]?.status}`;
  return `log ${nth}, claim ${epoch}: ${what}`;
}
