// The simulation of runs over all users, and of the rounds of pool health: what a run finds it has repaired by one run a
// user, and a round starts again what has failed, beside everything that the simulation of users does. When the weather is calm, runs over all users alone put right what is left, and no user asks
// for anything until they have ended.

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { Periodic } from '../../../packages/saga/src/run/periodic.ts';
import type { SagaOrder } from '../../../packages/saga/src/sagas.ts';
import type {
  Chance,
  SimulatedProcess,
  Simulation,
  Troubles,
} from '../../../packages/saga/src/testing/index.ts';
import {
  createSyncAllStarter,
  SYNC_ALL,
  type SyncAllInput,
} from '../../../src/sync/sync-all-input.ts';
import { isBotGone, isListed } from '../../fakes/bot-world.ts';
import { addPlace, type Place } from '../../fakes/places.ts';
import { RULES } from '../../fakes/wallet-world.ts';
import { createRounds, type SimulatedRounds } from './health-rounds.ts';
import { namesOf, provision } from './plot.ts';
import type { Twin } from './twin.ts';
import {
  ADMINISTRATOR_MS,
  CALM_RUN_MS,
  type DriftedBot,
  pictureOf,
  type SharedByUsers,
  type UserWorld,
  unanswered,
  userSimulationOf,
} from './user-simulation.ts';

/** One user of several, for the runs over all of them. */
export interface AllUsersWorld extends UserWorld {
  readonly runs: AllRuns;
  /** A bot that the user asks for in the storm; null: none. */
  readonly provision: Provision | null;
}

interface Provision {
  readonly bot: DriftedBot;
  readonly order: SagaOrder;
  isAskedFor: boolean;
}

/** Where no other of the user's stands. */
const NEW_BOT = { nth: 9, slotIndex: 9 };

interface AllRuns {
  readonly first: SyncAllInput;
  /** How often one may still be asked for. */
  left: number;
  /** Once they are begun. */
  rounds: SimulatedRounds | null;
  /** Those in calm weather, in their order: the last one comes when nothing is left to do. */
  readonly calm: CalmRun[];
  readonly areOver: PromiseWithResolvers<void>;
}

export interface CalmRun {
  readonly run: SagaRecord;
  /** What a survey at its beginning had to find. */
  readonly census: ReturnType<typeof censusOf>;
  readonly before: string;
  readonly after: string;
  /** Orphans that stand unpaid when it has ended. */
  readonly unpaid: readonly string[];
}

export function allUsersSimulationOf(twin: Twin = {}): Simulation<AllUsersWorld> {
  const users = userSimulationOf(twin);
  const runsOf = new WeakMap<SharedByUsers, AllRuns>();
  return {
    ...users,
    services: { ...users.services, lists: { hangs: true, arrivesLate: true } },
    sagas: [1, 2, 2, 3],
    begin: (nth, setting) => {
      const world = users.begin(nth, setting);
      const { shared } = world;
      const runs = runsOf.get(shared) ?? createRuns(setting.chance);
      if (!runsOf.has(shared)) shared.maxRefunds = setting.chance.pick([1, 25, 25]);
      runsOf.set(shared, runs);
      // The rounds order them.
      world.left.restarts = 0;
      const provision = setting.chance.hits(0.5) ? drawProvision(world, twin) : null;
      const bots = [...world.bots, ...(provision === null ? [] : [provision.bot])];
      return { ...world, bots, runs, provision };
    },
    // The first user's is the run over all of them.
    order: (world) =>
      world.plot.nth === 0 ? { kind: SYNC_ALL, input: world.runs.first } : users.order(world),
    storm: (world, troubles, front) => {
      // Whatever befalls the others: what is being made has another simulation for that.
      const bots = world.bots.filter(({ drift }) => drift !== 'new');
      users.storm?.({ ...world, bots }, troubles, front);
      askForBot(world, troubles, front);
      if (world.plot.nth !== 0) return;
      askForRuns(world, troubles, front);
      troubles(5, 200, () => world.runs.rounds?.kill());
    },
    tend: (world) => {
      users.tend?.(world);
      world.runs.rounds?.slowDown();
    },
    beside: (world, process) => {
      const janitor = users.beside?.(world, process) ?? null;
      if (world.plot.nth !== 0 || janitor === null) return janitor;
      const rounds = createRounds(world.shared, process, twin);
      world.runs.rounds = rounds;
      return bothOf(janitor, rounds);
    },
    afterwards: async (world, front) => {
      const { runs, plot } = world;
      if (plot.nth === 0) await runAllInCalm(world, front).finally(runs.areOver.resolve);
      await runs.areOver.promise;
      await users.afterwards?.(world, front);
    },
  };
}

function bothOf(one: Periodic, other: Periodic): Periodic {
  return {
    start: () => {
      one.start();
      other.start();
    },
    stop: async () => {
      await Promise.all([one.stop(), other.stop()]);
    },
  };
}

function createRuns(chance: Chance): AllRuns {
  const areOver = Promise.withResolvers<void>();
  return { first: drawRun(chance), left: 3, rounds: null, calm: [], areOver };
}

function drawRun(chance: Chance): SyncAllInput {
  return {
    trigger: chance.pick(['explicit', 'explicit', 'passive']),
    dryRun: chance.hits(0.1),
    force: chance.hits(0.2),
  };
}

function drawProvision({ chance, plot, shared }: UserWorld, twin: Twin): Provision {
  const names = namesOf(plot.nth, NEW_BOT.nth);
  const { kind, input } = provision(chance, names);
  const bot = { isRunning: false, isListed: false, slotIndex: NEW_BOT.slotIndex, capacity: 8 };
  const rules = { ...RULES, ...twin.rules };
  return {
    bot: { drift: 'new', ...addPlace(shared, names, { bot, hasMoney: false, rules }) },
    order: { kind, input, subject: names.userId, requestedBy: 'user' },
    isAskedFor: false,
  };
}

function askForBot(
  { trace, provision: wanted }: AllUsersWorld,
  troubles: Troubles,
  front: SimulatedProcess,
): void {
  troubles(1, 40, () => {
    if (wanted === null || wanted.isAskedFor) return;
    wanted.isAskedFor = true;
    trace('a bot is asked for');
    unanswered(front.sagas().start(wanted.order));
  });
}

/** An administrator, and the clock. */
function askForRuns(
  { chance, trace, runs }: AllUsersWorld,
  troubles: Troubles,
  front: SimulatedProcess,
): void {
  troubles(10, 200, () => {
    if (runs.left === 0) return;
    runs.left -= 1;
    const input = drawRun(chance);
    trace(`a run over all users is asked for: ${JSON.stringify(input)}`);
    unanswered(createSyncAllStarter(front.sagas())(input, 'admin'));
  });
}

/** The first ends what the storm has left, the second what an administrator has decided on its word, and the third has
 * nothing to do. */
async function runAllInCalm(world: AllUsersWorld, front: SimulatedProcess): Promise<void> {
  const { shared, runs } = world;
  for (let nth = 0; nth < 3; nth += 1) {
    if (nth > 0) await new Promise((resolve) => setTimeout(resolve, ADMINISTRATOR_MS));
    const before = pictureOf(shared, shared.places);
    const census = censusOf(shared);
    const run = await runOnce(front);
    const after = pictureOf(shared, shared.places);
    runs.calm.push({ run, census, before, after, unpaid: unpaidOrphans(shared) });
  }
}

/** An administrator whose run a guard has stopped has looked, and lets it go on. */
async function runOnce(front: SimulatedProcess): Promise<SagaRecord> {
  const order = { trigger: 'explicit', dryRun: false } as const;
  const run = await endOf(front, { ...order, force: false });
  const isStopped = Reflect.get(Object(run.result), 'stoppedBy') !== null;
  return isStopped ? endOf(front, { ...order, force: true }) : run;
}

async function endOf(front: SimulatedProcess, input: SyncAllInput): Promise<SagaRecord> {
  const { id } = await createSyncAllStarter(front.sagas())(input, 'admin');
  const { signal } = new AbortController();
  const ended = await front.sagas().waitForEnd(id, CALM_RUN_MS, signal);
  if (ended === null) throw new Error('the run over all users is gone');
  return ended;
}

/** What stands where, counted as a survey counts it. */
function censusOf({ places }: SharedByUsers) {
  const isHeld = ({ wallet }: Place) => wallet.allocation !== null;
  const isSeen = ({ bot }: Place) => !isBotGone(bot);
  const held = places.filter(isHeld);
  const others = places.filter((place) => !isHeld(place));
  return {
    users: new Set(held.map(({ names }) => names.userId)).size,
    allocations: held.length,
    containers: places.filter(isSeen).length,
    live: held.filter((place) => isSeen(place) && isListed(place.bot)).length,
    orphans: held.filter((place) => !isSeen(place)).length,
    lostEntries: held.filter((place) => isSeen(place) && !isListed(place.bot)).length,
    ghosts: others.filter(isSeen).length,
    staleEntries: others.filter((place) => !isSeen(place) && isListed(place.bot)).length,
  };
}

function unpaidOrphans({ places }: SharedByUsers): readonly string[] {
  return places
    .filter(({ wallet, bot }) => wallet.allocation !== null && isBotGone(bot))
    .map(({ names }) => names.instanceId);
}
