// Up to three sagas in a world where everything goes wrong for a while, driven by one seed in virtual time. Then the
// weather calms down, and what became of each can be read from its world.

import type { SagaRecord } from '../../log/record.ts';
import { isEnded } from '../../machine/state.ts';
import type { SagaId } from '../../saga-id.ts';
import { createMemorySagaLog, type MemorySagaLog } from '../log/memory-saga-log.ts';
import { createActors } from './actors.ts';
import { LOG, type Weather } from './link.ts';
import { createChance } from './seeded-chance.ts';
import type { SharedSimulation } from './simulated-worker.ts';
import type { Simulated, SimulatedSaga, Simulation } from './simulation.ts';
import { calm, letItStorm, type Story } from './storm.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The end of the sagas does not end it. */
const STORM_AFTER_END_MS = 5_000;
/** What was sent in the storm has arrived so long after it. */
const AFTERMATH_MS = 60_000;
/** A saga that has not ended by then never will. */
const PATIENCE_MS = 6 * 3_600_000;

/** @param time `startVirtualTime()`: real timers would make it last for hours, and different each time. */
export async function simulate<World>(
  seed: number,
  time: VirtualTime,
  simulation: Simulation<World>,
): Promise<Simulated<World>> {
  time.restart();
  const startMs = time.nowMs();
  const lines: string[] = [];
  const written = new Map<SagaId, SagaRecord[]>();
  const chance = createChance(seed);
  const trace = (line: string) => void lines.push(`${time.nowMs() - startMs} ${line}`);
  const { services, sluggish = [null, ...Object.keys(services)], besideForMs = 0 } = simulation;
  const weather: Weather = {
    time,
    chance,
    trace,
    services,
    isCalm: false,
    faults: chance.pick([0.02, 0.1, 0.3]),
    sluggish: chance.pick(sluggish),
    awayUntilMs: new Map(),
    pending: new Map(),
  };
  const log = createForgetfulLog(weather, (saga) => {
    const records = written.get(saga.id) ?? [];
    records.push(saga);
    written.set(saga.id, records);
    trace(lineOf(saga, [...written.keys()].indexOf(saga.id)));
    const world = actors.worldOf(saga.id);
    if (world !== undefined) simulation.onWritten?.(world, saga);
  });
  const nowMs = () => time.nowMs();
  // Drawn apart from everything else: where every saga waits for its wake-up, a seed deals what it dealt before there was
  // the other way.
  const runsAccepted = createChance(~seed).hits(0.5);
  const parts = { weather, log, simulation, chance, nowMs, trace };
  const shared: SharedSimulation<World> = { ...parts, runsAccepted };
  const actors = createActors(shared, (id) => written.has(id));
  const { sagas: counts = SAGAS } = simulation;
  const begun = Array.from({ length: chance.pick(counts) }, (_, nth) =>
    simulation.begin(nth, shared),
  );
  const stories: Story<World>[] = [];
  for (const world of begun) {
    const id = await actors.begin(world);
    stories.push({ id, world });
  }
  const { forMs } = letItStorm(actors, shared, stories);
  const hasEnded = () =>
    !actors.areAsking() &&
    [...written.values()].every((records) => isEnded(records.at(-1)?.state.phase ?? 'queued'));
  await time.runUntil(startMs + forMs, hasEnded);
  await time.runUntil(time.nowMs() + STORM_AFTER_END_MS);
  trace('calm');
  calm(actors, shared, stories);
  await time.runUntil(startMs + PATIENCE_MS, hasEnded);
  await time.runUntil(time.nowMs() + AFTERMATH_MS);
  const unfinished = simulation.afterwards === undefined ? [] : await afterwards();
  actors.dismiss();
  await time.runUntil(time.nowMs() + besideForMs);
  actors.stop();
  const sagas = [...written].map(([id, records]): SimulatedSaga<World> => {
    const saga = records.at(-1);
    const world = actors.worldOf(id);
    if (saga === undefined || world === undefined) throw new Error(`${id} belongs to no world`);
    return { saga, world, written: records, isCancelPromised: actors.isCancelPromised(id) };
  });
  return { sagas, failures: [...actors.failures, ...unfinished], trace: lines };

  /** @returns what threw, or did not end. */
  async function afterwards(): Promise<readonly string[]> {
    const unended = ['what was done afterwards has not ended'];
    let failed: readonly string[] | null = null;
    const done = stories.map(async ({ world }) => {
      const front = actors.frontOf(world);
      if (front !== undefined) await simulation.afterwards?.(world, front);
    });
    void Promise.all(done).then(
      () => {
        failed = [];
      },
      (error: unknown) => {
        failed = [`afterwards something threw: ${String(error)}`];
      },
    );
    await time.runUntil(time.nowMs() + PATIENCE_MS, () => failed !== null && hasEnded());
    await time.runUntil(time.nowMs() + AFTERMATH_MS);
    return failed ?? unended;
  }
}

/** Mostly one: what several add is that a failover is theirs together. */
const SAGAS = [1, 1, 1, 1, 1, 1, 2, 3] as const;

function lineOf({ epoch, state, history }: SagaRecord, nth: number): string {
  const { phase, cursor, steps } = state;
  const what = `${history.at(-1)?.type} -> ${phase} ${cursor} ${steps[cursor]?.status}`;
  return `log ${nth}, claim ${epoch}: ${what}`;
}

/** Every now and then, while the majority is behind, the primary is lost: what it alone has acknowledged is forgotten, of all
 * sagas at once. */
function createForgetfulLog(weather: Weather, onWrite: (saga: SagaRecord) => void): MemorySagaLog {
  const { time, chance, trace, awayUntilMs } = weather;
  const rate = chance.pick([0, 0.1, 0.3, 0.7]);
  const log = createMemorySagaLog(time, {
    onWrite,
    lagMs: () => {
      if (weather.isCalm || !chance.hits(rate)) return chance.between(1, 10);
      const behindMs = chance.between(2, chance.pick([10, 60, 2_000]));
      setTimeout(() => {
        if (weather.isCalm) return;
        trace(`failover: ${log.failOver()} forgotten`);
        if (chance.hits(0.3)) awayUntilMs.set(LOG, time.nowMs() + chance.between(50, 12_000));
      }, behindMs);
      return behindMs + chance.between(1, 50);
    },
  });
  return log;
}
