// Runs a simulation under seeds, SEEDS of them from SEED on, and says what they met. A seed that fails is printed with the
// command that shows it again.

import { describe, expect, it, type TestContext } from 'vitest';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import {
  type Simulated,
  type SimulatedSaga,
  type Simulation,
  simulate,
} from '../../../packages/saga/src/testing/index.ts';
import { useVirtualTime } from './use-virtual-time.ts';

const { SEED, SEEDS } = process.env;
const SEEDS_TIMEOUT_MS = 3_600_000;
/** What a failure among many seeds shows of its trace; a seed that is run alone shows all. */
const LINES = 80;

const FIRST = Number(SEED ?? 1);

/** @param usual where neither SEEDS nor SEED says how many. */
function countOf(usual: number): number {
  return Number(SEEDS ?? (SEED === undefined ? usual : 1));
}

interface SeedsToRun<World> {
  /** What it promises of every seed. */
  readonly promise: string;
  /** What the test is called in `npm run simulate -- -t`. */
  readonly name: string;
  readonly simulation: Simulation<World>;
  /** The promises that are broken. */
  readonly brokenOf: (simulated: Simulated<World>) => readonly string[];
  /** What is to be seen in the worlds, beside what is to be seen of every saga. */
  readonly sightsOf: (simulated: Simulated<World>) => Iterable<string>;
  readonly usual: number;
  /** What the usual number of seeds must have met, or the storm is a breeze. */
  readonly signs: ReadonlySet<string>;
}

export function describeSimulation<World>(seeds: SeedsToRun<World>): void {
  const { name, promise, usual, simulation } = seeds;
  describe(`${name} in a world of faults`, () => {
    const title = `${countOf(usual)} seeds from ${FIRST}: ${promise}`;
    it(title, (test) => runSeeds(test, seeds), SEEDS_TIMEOUT_MS);

    it('one seed, twice: the same trace', async () => {
      const time = useVirtualTime();
      const traceOf = async () => (await simulate(FIRST, time, simulation)).trace;
      expect(await traceOf()).toEqual(await traceOf());
    });
  });
}

async function runSeeds<World>(
  { task }: TestContext,
  { name, simulation, brokenOf, sightsOf, usual, signs }: SeedsToRun<World>,
): Promise<void> {
  const count = countOf(usual);
  const time = useVirtualTime();
  const observed = new Map<string, number>();
  for (let seed = FIRST; seed < FIRST + count; seed += 1) {
    const simulated = await simulate(seed, time, simulation);
    const broken = brokenOf(simulated);
    if (broken.length > 0) {
      const again = `SEED=${seed} npm run simulate -- -t '${name}'`;
      const shown = count === 1 ? simulated.trace : simulated.trace.slice(-LINES);
      throw new Error([...broken, again, ...shown].join('\n'));
    }
    for (const sight of new Set([...sightsIn(simulated), ...sightsOf(simulated)])) {
      if (signs.has(sight)) observed.set(sight, (observed.get(sight) ?? 0) + 1);
    }
  }
  const named = [...observed].map(([sight, times]) => `${times} ${sight}`).join(', ');
  task.meta.wentThrough = `simulated: ${count} seeds of ${name} (${named})`;
  if (count >= usual) {
    expect([...signs].filter((sight) => !observed.has(sight))).toEqual([]);
  }
}

function sightsIn<World>({ sagas, trace }: Simulated<World>): ReadonlySet<string> {
  const told = (what: string | RegExp) => trace.some((line) => line.search(what) >= 0);
  const observed = new Set(sagas.flatMap((saga) => [...sightsOfSaga(saga)]));
  if (told('fenced under')) observed.add('fenced');
  if (told('arrives late')) observed.add('arrived late');
  if (told('the lock is dropped')) observed.add('locked again');
  if (told(/failover: [1-9]/)) observed.add('forgotten by a failover');
  if (told('cut off from the majority')) observed.add('cut off from the majority');
  if (sagas.length > 1) observed.add('several sagas');
  if (new Set(sagas.map(({ saga }) => ownerOf(saga))).size > 1) observed.add('several users');
  return observed;
}

/** Sagas of a user's bots and of the user name them in their input. */
function ownerOf({ input }: SagaRecord): unknown {
  return Reflect.get(Object(input), 'userId');
}

function sightsOfSaga<World>({
  saga,
  written,
  isCancelPromised,
}: SimulatedSaga<World>): ReadonlySet<string> {
  const { kind } = saga;
  const { phase, cause } = saga.state;
  const observed = new Set<string>([kind, phase, `${kind} ${phase}`, cause?.code ?? '']);
  for (const { state } of written) {
    observed.add(state.phase);
    observed.add(state.steps[state.cursor]?.status ?? '');
  }
  if (saga.epoch > 1) observed.add('taken over').add(`${kind} taken over`);
  // Its acceptance was its first claim.
  if (written[0]?.epoch === 1) {
    observed.add('begun where it was accepted').add(`${kind} begun where it was accepted`);
    if (saga.epoch > 1) observed.add('taken over from where it was accepted');
  }
  if (isCancelPromised) observed.add('a cancel promised');
  return observed;
}
