// Thousands of sagas, each in a world of its own where everything that can go wrong does, from one seed each: the real
// definitions, runner, journal and leases over a wire that loses, delays and repeats, with clocks that are off, in
// virtual time. What became of money and bot is asked of the world. A seed that fails is printed with the command that
// shows it again.

import { describe, expect, it } from 'vitest';
import {
  type Simulated,
  type SimulatedSaga,
  simulate,
} from '../../packages/saga/src/testing/index.ts';
import { type SimulatedWorld, simulationOf } from '../support/simulation/bot-simulation.ts';
import { brokenOf } from '../support/simulation/oracle.ts';
import { useVirtualTime } from '../support/simulation/use-virtual-time.ts';

const { SEED, SEEDS } = process.env;
const TIMEOUT_MS = 3_600_000;
/** What a failure among many seeds shows of its trace; a seed that is run alone shows all. */
const LINES = 80;
const USUAL_SEEDS = 2_000;

const BOTS = simulationOf();
type SimulatedBots = Simulated<SimulatedWorld>;

const FIRST = Number(SEED ?? 1);
const COUNT = Number(SEEDS ?? (SEED === undefined ? USUAL_SEEDS : 1));

describe('deletions and reclaimings in a world of faults', () => {
  it(
    `${COUNT} seeds from ${FIRST}: money moves at most once, every saga ends, and the world is as it says`,
    async ({ task }) => {
      const time = useVirtualTime();
      const observed = new Map<string, number>();
      for (let seed = FIRST; seed < FIRST + COUNT; seed += 1) {
        const simulated = await simulate(seed, time, BOTS);
        const broken = brokenOf(simulated);
        if (broken.length > 0) throw new Error(told(seed, broken, simulated));
        for (const sight of sightsIn(simulated))
          observed.set(sight, (observed.get(sight) ?? 0) + 1);
      }
      const named = [...observed].map(([sight, times]) => `${times} ${sight}`).join(', ');
      task.meta.wentThrough = `simulated: ${COUNT} seeds (${named})`;
      if (COUNT >= USUAL_SEEDS)
        expect([...HEALTH_SIGNS].filter((sight) => !observed.has(sight))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('one seed, twice: the same trace', async () => {
    const time = useVirtualTime();
    const [first, again] = [await simulate(FIRST, time, BOTS), await simulate(FIRST, time, BOTS)];
    expect(again.trace).toEqual(first.trace);
  });
});

function told(seed: number, broken: readonly string[], { trace }: SimulatedBots): string {
  const again = `SEED=${seed} npm run simulate`;
  const shown = COUNT === 1 ? trace : trace.slice(-LINES);
  return [...broken, again, ...shown].join('\n');
}

/** What so many seeds must have met, or the storm is a breeze. */
const HEALTH_SIGNS: ReadonlySet<string> = new Set([
  'delete-bot',
  'reclaim-orphan',
  'completed',
  'compensated',
  'cancelled',
  'taken over',
  'fenced',
  'stuck',
  'in-doubt',
  'aborting',
  'compensating',
  'arrived late',
  'marked again',
  'resurrected',
  'several sagas',
  'forgotten by a failover',
  'cut off from the majority',
  'a cancel promised',
]);

function sightsIn({ sagas, trace }: SimulatedBots): ReadonlySet<string> {
  const told = (what: string | RegExp) => trace.some((line) => line.search(what) >= 0);
  const observed = new Set(sagas.flatMap((saga) => [...sightsOf(saga)]));
  if (told('fenced under')) observed.add('fenced');
  if (told('arrives late')) observed.add('arrived late');
  if (told('the mark is dropped')) observed.add('marked again');
  if (told(/failover: [1-9]/)) observed.add('forgotten by a failover');
  if (told('cut off from the majority')) observed.add('cut off from the majority');
  if (sagas.length > 1) observed.add('several sagas');
  return new Set([...observed].filter((sight) => HEALTH_SIGNS.has(sight)));
}

function sightsOf({
  saga,
  world,
  written,
  isCancelPromised,
}: SimulatedSaga<SimulatedWorld>): ReadonlySet<string> {
  const observed = new Set<string>([world.plot.kind, saga.state.phase]);
  for (const { state } of written) {
    observed.add(state.phase);
    observed.add(state.steps[state.cursor]?.status ?? '');
  }
  if (saga.epoch > 1) observed.add('taken over');
  if (isCancelPromised) observed.add('a cancel promised');
  if (world.wallet.isResurrected) observed.add('resurrected');
  return observed;
}
