// The simulation of users whose sources have drifted apart: synchronisations with the reclaimings that they begin,
// restarts and deletions of the same bots, and what the platform, Docker, people and an administrator do meanwhile.

import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type {
  Setting,
  SimulatedProcess,
  Simulation,
  Troubles,
} from '../../../packages/saga/src/testing/index.ts';
import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import { createDeleteRequests } from '../../../src/deletion/delete-requests.ts';
import { createReclaimOrphanSaga } from '../../../src/deletion/reclaim-orphan.ts';
import type { BotEvents } from '../../../src/health/bot-events.ts';
import { createRestartBotSaga, restartOrder } from '../../../src/health/restart-bot.ts';
import { takeOutOwn } from '../../../src/pool-state/owned-entry.ts';
import { createProvisionBotSaga } from '../../../src/provisioning/provision-bot.ts';
import type { OrphanSamples } from '../../../src/sync/mongodb/orphan-samples.ts';
import type { Suspects } from '../../../src/sync/mongodb/suspects.ts';
import { createAbsence } from '../../../src/sync/observe-bot.ts';
import { createSyncAllSaga } from '../../../src/sync/sync-all.ts';
import { SYNC_RESULT, type SyncResult } from '../../../src/sync/sync-reports.ts';
import { createSyncRequests } from '../../../src/sync/sync-requests.ts';
import { createSyncWalletSaga } from '../../../src/sync/sync-wallet.ts';
import {
  SYNC_WALLET,
  type SyncTrigger,
  type SyncWalletInput,
} from '../../../src/sync/sync-wallet-input.ts';
import { createMemoryBotEvents } from '../../fakes/bot-events.ts';
import { fail, isBotGone, isListed, list } from '../../fakes/bot-world.ts';
import { botsOver } from '../../fakes/bots.ts';
import { createMemoryOrphanSamples } from '../../fakes/orphan-samples.ts';
import { addPlace, createShared, type Place, portsOver, type Shared } from '../../fakes/places.ts';
import { createMemoryRunDrifts, type MemoryRunDrifts } from '../../fakes/run-drifts.ts';
import { createMemorySuspects } from '../../fakes/suspects.ts';
import { RULES } from '../../fakes/wallet-world.ts';
import {
  AROUND_BOTS,
  janitorOf,
  noteClaim,
  startBot,
  withTwin,
  writeLegacy,
} from './bot-simulation.ts';
import { syncPortsOver } from './sync-ports-over.ts';
import type { Twin } from './twin.ts';
import { type Drift, drawUser, type UserPlot } from './user-plot.ts';

/** One user. */
export interface UserWorld extends Setting {
  readonly shared: SharedByUsers;
  readonly plot: UserPlot;
  readonly bots: readonly DriftedBot[];
  /** How often something may still be asked for: a run that is asked for all the time has no end. */
  readonly left: { explicit: number; passive: number; deletions: number; restarts: number };
  /** What people were told of their deletions. */
  readonly answers: Set<string>;
  /** The run in calm weather after those that had something left to do. */
  last: LastRun | null;
}

export interface DriftedBot extends Place {
  readonly drift: Drift;
}

interface LastRun {
  readonly result: SyncResult | null;
  readonly before: string;
  readonly after: string;
  /** Of this user, when it had ended. */
  readonly suspects: number;
}

export interface SharedByUsers extends Shared {
  readonly suspects: Suspects;
  readonly samples: OrphanSamples;
  readonly runDrifts: MemoryRunDrifts;
  /** SYNC_MAX_REFUNDS. */
  maxRefunds: number;
  readonly events: BotEvents;
}

/** Until an administrator has looked at what a run reported. */
export const ADMINISTRATOR_MS = 150_000;
/** For a run in calm weather. */
export const CALM_RUN_MS = 3_600_000;

export function userSimulationOf(twin: Twin = {}): Simulation<UserWorld> {
  const sharedBy = new WeakMap<Setting, SharedByUsers>();
  const portsOf = ({ shared }: UserWorld, process: SimulatedProcess) =>
    withTwin(twin, portsOver(shared, process));
  return {
    ...AROUND_BOTS,
    sagas: [1, 1, 1, 2],
    begin: (nth, setting) => {
      const shared = sharedBy.get(setting) ?? createSharedByUsers(setting);
      sharedBy.set(setting, shared);
      return createUser(setting, drawUser(setting.chance, nth), shared, twin);
    },
    order: ({ plot: { user, trigger } }) => {
      const input: SyncWalletInput = { ...user, trigger, after: null, notBeforeMs: null };
      return { kind: SYNC_WALLET, input };
    },
    define: (world, process) => {
      const { shared } = world;
      const ports = portsOf(world, process);
      const realPorts = syncPortsOver(shared, ports, process);
      const syncPorts = twin.sync?.(realPorts) ?? realPorts;
      const sagas = [
        createDeleteBotSaga(ports),
        createProvisionBotSaga(ports),
        createReclaimOrphanSaga(ports, twin.absence ?? createAbsence(ports)),
        createSyncWalletSaga(syncPorts),
        createSyncAllSaga(syncPorts),
        createRestartBotSaga({
          ...ports,
          containers: botsOver(shared.ground, process.link, shared.nowMs),
          events: shared.events,
          healths: { giveBack: async () => undefined },
          meter: { restarted: () => undefined },
        }),
      ];
      return sagas.map((saga) => twin.definition?.(saga, { log: world.log }) ?? saga);
    },
    storm: (world, troubles, front) => {
      meddle(world, troubles);
      request(world, troubles, front, withTwin(twin, portsOver(world.shared, front)));
    },
    tend: ({ bots }) => {
      // An administrator who was informed of an allocation that is back removes it.
      for (const { wallet, findings } of bots) {
        if (wallet.isResurrected && findings.has('resurrected')) wallet.allocation = null;
      }
    },
    afterwards: async (world, front) => {
      // The first ends what the storm has left, the second what the administrator has decided on its word.
      for (let nth = 0; nth < 2; nth += 1) {
        await runInCalm(world, front);
        await new Promise((resolve) => setTimeout(resolve, ADMINISTRATOR_MS));
      }
      const before = pictureOf(world.shared, world.bots);
      const run = await runInCalm(world, front);
      const { shared, plot } = world;
      const suspects = await shared.suspects.ofUser(plot.user.userId);
      world.last = {
        result: SYNC_RESULT.readOrNull(run.result),
        before,
        after: pictureOf(shared, world.bots),
        suspects: suspects.length,
      };
    },
    // One for all users.
    beside: (world, process) => (world.plot.nth === 0 ? janitorOf(portsOf(world, process)) : null),
    onWritten: ({ shared }, saga) => noteClaim(shared, saga),
    ...(twin.log !== undefined && { wrapLog: twin.log }),
  };
}

function createSharedByUsers({ nowMs }: Setting): SharedByUsers {
  return {
    ...createShared(nowMs),
    suspects: createMemorySuspects(nowMs),
    samples: createMemoryOrphanSamples(),
    runDrifts: createMemoryRunDrifts(),
    maxRefunds: 25,
    events: createMemoryBotEvents(),
  };
}

function createUser(
  setting: Setting,
  plot: UserPlot,
  shared: SharedByUsers,
  twin: Twin,
): UserWorld {
  setting.trace(`begins: ${plot.trigger}, ${plot.bots.map(({ drift }) => drift)}`);
  const rules = { ...RULES, ...twin.rules };
  return {
    ...setting,
    shared,
    plot,
    bots: plot.bots.map(({ drift, names, bot, hasMoney }) => {
      return { drift, ...addPlace(shared, names, { bot, hasMoney, rules }) };
    }),
    left: { explicit: 2, passive: 2, deletions: 2, restarts: 3 },
    answers: new Set(),
    last: null,
  };
}

/** What the platform and Docker do. */
function meddle(world: UserWorld, troubles: Troubles): void {
  const { chance, trace, bots, shared } = world;
  const { ground } = shared;
  const [first, ...others] = bots;
  if (first === undefined) return;
  const any = () => chance.pick([first, ...others]);
  troubles(1, 40, () => writeLegacy(world, any(), true));
  // An orphan whose bot was not known to be there; a bot that was stopped.
  troubles(5, 100, () => startBot(world, any().bot));
  troubles(5, 100, () => {
    const { bot } = any();
    if (bot.program !== 'RUNNING') return;
    trace('the bot fails');
    fail(bot);
  });
  troubles(10, 200, () => {
    const { drift, bot, names } = any();
    if (drift === 'stale' && !isListed(bot)) {
      trace('the entry is back');
      list(bot);
    }
    if (drift === 'lost' && isListed(bot)) {
      trace('the entry is lost again');
      ground.pools = takeOutOwn(ground.pools, names.instanceId, names);
    }
  });
}

/** What people ask for, and pool health. */
function request(
  world: UserWorld,
  troubles: Troubles,
  front: SimulatedProcess,
  ports: ReturnType<typeof portsOver>,
): void {
  const { chance, trace, bots, left, plot } = world;
  const { user } = plot;
  const syncs = syncsOver(world, front);
  const ask = (trigger: Exclude<SyncTrigger, 'confirming'>) => {
    if (left[trigger] === 0) return;
    left[trigger] -= 1;
    trace(`a run is asked for: ${trigger}`);
    unanswered(syncs.request({ ...user, trigger, requestedBy: 'user' }));
  };
  troubles(5, 100, () => ask('explicit'));
  troubles(5, 100, () => ask('passive'));
  troubles(10, 200, () => {
    const held = bots.filter(({ wallet }) => wallet.allocation !== null);
    const [bot, ...others] = held;
    if (bot === undefined || left.deletions === 0) return;
    left.deletions -= 1;
    const { names } = chance.pick([bot, ...others]);
    trace(`a DELETE of ${names.instanceId}`);
    const deletions = createDeleteRequests({
      ports,
      sagas: front.sagas(),
      onStopFailure: chance.pick(['restore', 'restore', 'hold']),
      stopTimeoutMs: chance.pick([500, 5_000, 30_000]),
      maxStopSeconds: 0,
    });
    const { signal } = new AbortController();
    const asked = deletions.request({ ...names, requestedBy: 'user', signal });
    unanswered(asked.then(({ status }) => world.answers.add(status)));
  });
  troubles(2, 40, () => {
    const [failed] = bots.filter(({ bot }) => bot.program === 'EXITED');
    if (failed === undefined || left.restarts === 0) return;
    left.restarts -= 1;
    trace(`a restart of ${failed.names.instanceId}`);
    unanswered(front.sagas().start(restartOrder(failed.names, 1)));
  });
}

/** The caller gets an error and may try again. */
export function unanswered(asked: Promise<unknown>): void {
  asked.catch(() => undefined);
}

function syncsOver({ shared, nowMs }: UserWorld, front: SimulatedProcess) {
  const ports = syncPortsOver(shared, portsOver(shared, front), front);
  return createSyncRequests({ ports, sagas: front.sagas(), nowMs });
}

async function runInCalm(world: UserWorld, front: SimulatedProcess): Promise<SagaRecord> {
  const { user } = world.plot;
  const order = { ...user, trigger: 'explicit', requestedBy: 'user' } as const;
  const { id } = await syncsOver(world, front).request(order);
  const { signal } = new AbortController();
  const ended = await front.sagas().waitForEnd(id, CALM_RUN_MS, signal);
  if (ended === null) throw new Error('the run is gone');
  return ended;
}

/** Of everything that a run may touch. */
export function pictureOf(shared: Shared, bots: readonly Place[]): string {
  const { pools, botMapping } = shared.ground.pools;
  const seen = bots.map(({ bot, wallet }) => {
    const { balanceMinor, allocation, payments, ledger } = wallet;
    const { conf, program, port } = bot;
    return {
      conf,
      program,
      port,
      balanceMinor,
      allocation,
      paid: payments.length,
      ledger: ledger.size,
    };
  });
  return JSON.stringify({ pools, botMapping, seen });
}

export function isThere({ bot }: Place): boolean {
  return !isBotGone(bot) && bot.conf === 'present';
}
