// One worker process of a simulation: the real runner, journal and lease keeper with the real definitions of a deletion
// and of a reclaiming, over a wire and a clock of its own. It works on every saga of its world.

import type { Claim, LogWrite, SagaLog } from '../../../packages/saga/src/log/saga-log.ts';
import { createRegistry, type Registry } from '../../../packages/saga/src/registry.ts';
import { createLeaseKeeper } from '../../../packages/saga/src/run/lease-keeper.ts';
import {
  createRunner,
  type Runner,
  type RunOutcome,
} from '../../../packages/saga/src/run/runner.ts';
import type { SagaId } from '../../../packages/saga/src/saga-id.ts';
import { STORED_VALUES } from '../../../src/bots/bot-valuation.ts';
import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import { createReclaimOrphanSaga } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import { createAbsence } from '../../../src/sync/look-at-bot.ts';
import { inertPorts } from '../inert-ports.ts';
import { EVERY_HOST_BELIEVED } from '../known-hosts.ts';
import { type BotWorld, botsOver, poolStatesOver } from './bot.ts';
import { CutOffError } from './cut-off.ts';
import type { Plot } from './plot.ts';
import { type TombstoneWorld, tombstonesOver } from './tombstones.ts';
import type { Twin } from './twin.ts';
import { ledgerOver, type WalletWorld, walletsOver } from './wallet.ts';
import { createWire, skewedClock, type Weather, type Wire } from './wire.ts';

const LEASE_MS = 15_000;

/** What all sagas of one simulation share. */
export interface Ground {
  readonly weather: Weather;
  readonly log: SagaLog;
  readonly twin: Twin;
}

/** What one saga is about. */
export interface SimulatedWorld extends Ground {
  readonly plot: Plot;
  readonly wallet: WalletWorld;
  readonly tombstones: TombstoneWorld;
  readonly bot: BotWorld;
  /** Kinds of what was reported for a person. */
  readonly findings: Set<string>;
}

export interface SimulatedWorker {
  readonly wire: Wire;
  /** Its idea of the database's time. */
  readonly nowMs: () => number;
  run(world: SimulatedWorld, id: SagaId, signal: AbortSignal): Promise<RunOutcome>;
  stop(): void;
}

/** @param skewMs how far its idea of the database's time is off in the storm. */
export function createSimulatedWorker(
  name: string,
  ground: Ground,
  skewMs: number,
): SimulatedWorker {
  const { chance, tell } = ground.weather;
  const wire = createWire(name, ground.weather);
  const clock = skewedClock(ground.weather, skewMs);
  const wired = logOver(ground.log, wire);
  const log = ground.twin.log?.(wired) ?? wired;
  const leases = createLeaseKeeper({ log, leaseMs: LEASE_MS, onError: () => undefined });
  leases.start();
  const options = {
    log,
    clock,
    leases,
    cohorts: { enter: async () => undefined, leave: () => undefined },
    leaseMs: LEASE_MS,
    random: () => chance.next(),
    waitInPlaceMs: 2_000,
    onTransition: () => undefined,
    onFenced: ({ epoch }: Claim) => tell(`${name} fenced under ${epoch}`),
  };
  const runners = new Map<SimulatedWorld, Runner>();
  const runnerOf = (world: SimulatedWorld): Runner => {
    const registry = registryOver(world, portsOver(world, wire, log));
    const runner = runners.get(world) ?? createRunner({ ...options, registry });
    runners.set(world, runner);
    return runner;
  };
  return {
    wire,
    nowMs: () => clock.nowMs(),
    run: (world, id, signal) => runnerOf(world).run(id, { signal, isDraining: () => false }),
    stop: () => {
      wire.isDead = true;
      void leases.stop();
    },
  };
}

export function registryOver({ twin, log }: SimulatedWorld, ports: DeletionPorts): Registry {
  const sagas = [createDeleteBotSaga(ports), createReclaimOrphanSaga(ports, createAbsence(ports))];
  return createRegistry(sagas.map((saga) => twin.definition?.(saga, { log }) ?? saga));
}

export function portsOver(
  { wallet, bot, tombstones, findings, twin }: SimulatedWorld,
  wire: Wire,
  log: SagaLog,
): DeletionPorts {
  const runningForMs = () => bot.nowMs() - (bot.runningSinceMs ?? bot.nowMs());
  const ports: DeletionPorts = {
    wallets: walletsOver(wallet, wire, runningForMs),
    ledger: ledgerOver(wallet, wire),
    tombstones: tombstonesOver(tombstones, wire),
    poolStates: poolStatesOver(bot, wire),
    bots: botsOver(bot, wire),
    valuation: STORED_VALUES,
    findings: {
      ...inertPorts<DeletionPorts['findings']>(),
      report: async ({ kind }) => void findings.add(kind),
    },
    hostBelief: EVERY_HOST_BELIEVED,
    platform: null,
    findSagas: (ids) => log.findStates(ids),
  };
  return twin.ports?.(ports) ?? ports;
}

/** The log as this process reaches it; or a primary that has lost its majority and does not know it yet. */
export function logOver(log: SagaLog, wire: Wire): SagaLog {
  const send = <T>(what: string, ask: () => Promise<T>) => wire.call('log', `log ${what}`, ask);
  const confirm = <T>(what: string, ask: () => Promise<T>) =>
    send(what, async () => {
      if (wire.isCutOff()) throw new CutOffError(what);
      return ask();
    });
  return {
    ...log,
    insert: (saga) => confirm('insert', () => log.insert(saga)),
    claim: (id, request) => confirm('claim', () => log.claim(id, request)),
    commit: (write) =>
      send(`commit ${write.claim.epoch}`, async () => {
        if (!wire.isCutOff()) return log.commit(write);
        if (write.durability === 'majority') throw new CutOffError('commit');
        return takenAlone(write);
      }),
    renew: (claims, leaseMs) => confirm('renew', () => log.renew(claims, leaseMs)),
    release: (claim) => confirm('release', () => log.release(claim)),
    prove: (claim) => confirm('prove', () => log.prove(claim)),
    intervene: (order) => confirm('intervene', () => log.intervene(order)),
    find: (id) => send('find', () => log.find(id)),
    findStates: (ids) => send('find states', () => log.findStates(ids)),
  };
}

// Acknowledged, on top of whatever else this primary took alone, and never to be seen by another.
function takenAlone({ base, state, events, writeId }: LogWrite) {
  const entries = events.map(({ atMs, ...event }) => {
    return { ...event, writeId, at: new Date(atMs).toISOString(), epoch: base.epoch };
  });
  const history = [...base.history, ...entries];
  const saga = { ...base, state, history, writeId, revision: base.revision + 1 };
  return { status: 'landed', saga } as const;
}
