// One worker process of a simulation: the real runner, journal and lease keeper with the real definitions of a deletion
// and of a reclaiming, over a wire and a clock of its own.

import { createDeleteBotSaga } from '../../../src/deletion/delete-bot.ts';
import { createReclaimOrphanSaga } from '../../../src/deletion/reclaim-orphan.ts';
import type { DeletionPorts } from '../../../src/deletion/steps/step-ports.ts';
import type { SagaId } from '../../../src/domain/ids.ts';
import { createAbsence } from '../../../src/reconciliation/look-at-bot.ts';
import { createLeaseKeeper } from '../../../src/saga/lease-keeper.ts';
import type { SagaLog } from '../../../src/saga/ports/saga-log.ts';
import { createRegistry, type Registry } from '../../../src/saga/registry.ts';
import { createRunner, type RunOutcome } from '../../../src/saga/runner.ts';
import { inertPorts } from '../inert-ports.ts';
import { EVERY_HOST_BELIEVED } from '../known-hosts.ts';
import { type BotWorld, botsOver, poolStatesOver } from './bot.ts';
import { type TombstoneWorld, tombstonesOver } from './tombstones.ts';
import type { Twin } from './twin.ts';
import { ledgerOver, type WalletWorld, walletsOver } from './wallet.ts';
import { createWire, skewedClock, type Weather, type Wire } from './wire.ts';

const LEASE_MS = 15_000;

export interface SimulatedWorld {
  readonly weather: Weather;
  readonly log: SagaLog;
  readonly wallet: WalletWorld;
  readonly tombstones: TombstoneWorld;
  readonly bot: BotWorld;
  /** Kinds of what was reported for a person. */
  readonly findings: Set<string>;
  readonly twin: Twin;
}

export interface SimulatedWorker {
  readonly wire: Wire;
  /** Its idea of the database's time. */
  readonly nowMs: () => number;
  run(id: SagaId, signal: AbortSignal): Promise<RunOutcome>;
  stop(): void;
}

/** @param skewMs how far its idea of the database's time is off in the storm. */
export function createSimulatedWorker(
  name: string,
  world: SimulatedWorld,
  skewMs: number,
): SimulatedWorker {
  const { chance, tell } = world.weather;
  const wire = createWire(name, world.weather);
  const clock = skewedClock(world.weather, skewMs);
  const wired = logOver(world.log, wire);
  const log = world.twin.log?.(wired) ?? wired;
  const leases = createLeaseKeeper({ log, leaseMs: LEASE_MS, onError: () => undefined });
  leases.start();
  const runner = createRunner({
    log,
    registry: registryOver(world, portsOver(world, wire, log)),
    clock,
    leases,
    cohorts: { enter: async () => undefined, leave: () => undefined },
    leaseMs: LEASE_MS,
    random: () => chance.next(),
    waitInPlaceMs: 2_000,
    onTransition: () => undefined,
    onFenced: ({ epoch }) => tell(`${name} fenced under ${epoch}`),
  });
  return {
    wire,
    nowMs: () => clock.nowMs(),
    run: (id, signal) => runner.run(id, { signal, isDraining: () => false }),
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
    findings: {
      ...inertPorts<DeletionPorts['findings']>(),
      report: async ({ kind }) => void findings.add(kind),
    },
    hostBelief: EVERY_HOST_BELIEVED,
    findSagas: (ids) => log.findStates(ids),
  };
  return twin.ports?.(ports) ?? ports;
}

/** The log as this process reaches it. */
export function logOver(log: SagaLog, wire: Wire): SagaLog {
  const send = <T>(what: string, ask: () => Promise<T>) => wire.call('log', `log ${what}`, ask);
  return {
    ...log,
    insert: (saga) => send('insert', () => log.insert(saga)),
    claim: (id, request) => send('claim', () => log.claim(id, request)),
    commit: (write) => send(`commit ${write.claim.epoch}`, () => log.commit(write)),
    renew: (claims, leaseMs) => send('renew', () => log.renew(claims, leaseMs)),
    release: (claim) => send('release', () => log.release(claim)),
    prove: (claim) => send('prove', () => log.prove(claim)),
    intervene: (order) => send('intervene', () => log.intervene(order)),
    find: (id) => send('find', () => log.find(id)),
    findStates: (ids) => send('find states', () => log.findStates(ids)),
  };
}
