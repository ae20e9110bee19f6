// Bugs that the simulation of runs over all users must find, each in a mechanism that nothing else makes good.

import { stored } from '../../../packages/saga/src/run/stored.ts';
import { makeSagaId } from '../../../packages/saga/src/saga-id.ts';
import type { ContainerObservation } from '../../../src/bots/pool-containers.ts';
import type { BotHealths, HealthWrite } from '../../../src/health/bot-healths.ts';
import { SYNC_ALL } from '../../../src/sync/sync-all-input.ts';
import { JUDGEMENT } from '../../../src/sync/sync-all-report.ts';
import { SYNC_WALLET } from '../../../src/sync/sync-wallet-input.ts';
import type { SimulatedTwin } from './twins.ts';
import { onlyOf, withStep } from './user-twins.ts';

const JUDGED = stored('judgement of a run over all users', JUDGEMENT);

export const ALL_TWINS: readonly SimulatedTwin[] = [
  {
    name: 'runs that are begun before their survey is in the log',
    breach: 'I9: it has begun a run of a user, and knows of none',
    from: 249,
    twin: { definition: onlyOf(SYNC_ALL, (call) => ({ ...call, fencedWrite: call.fence })) },
  },
  {
    name: 'a run of a user with a fresh id each time it is begun',
    breach: 'I8: a run over all users has begun two runs of one user',
    from: 153,
    twin: {
      sync: (ports) => ({
        ...ports,
        sagas: {
          ...ports.sagas,
          childId: (kind, parent, name) => {
            if (kind !== SYNC_WALLET) return ports.sagas.childId(kind, parent, name);
            born += 1;
            return makeSagaId('syn', born, new Uint8Array(16));
          },
        },
      }),
    },
  },
  {
    name: 'guards that stop nothing',
    breach: 'I4: no bot was to be seen anywhere, and it went on',
    from: 10,
    twin: {
      definition: (saga) =>
        withStep(saga, { kind: SYNC_ALL, name: 'judge' }, async () => ({
          value: JUDGED.write({ guard: null, isStopped: false }),
        })),
    },
  },
  {
    name: 'a list whose runs are not noted',
    breach: 'I3: a user has drifted, and got no run',
    from: 1,
    twin: {
      sync: (ports) => ({
        ...ports,
        runDrifts: { ...ports.runDrifts, assign: async () => undefined },
      }),
    },
  },
  {
    name: 'a memory of health that is written whatever stands there',
    breach: 'I5: one restart was ordered twice',
    from: 57,
    twin: {
      health: (ports) => ({
        ...ports,
        // The lease of the round keeps most of them apart; it is no proof.
        rounds: { ...ports.rounds, begin: async () => ({ end: async () => undefined }) },
        healths: { ...ports.healths, save: (writes) => saveAll(ports.healths, writes) },
      }),
    },
  },
  {
    name: 'a pool that does not answer taken for one in which nothing runs',
    breach: 'I4: it has run all the time, and was marked failed',
    from: 92,
    twin: {
      health: (ports) => ({
        ...ports,
        containers: {
          observeAll: async (...asked) => {
            const observed = await ports.containers.observeAll(...asked);
            return new Map([...observed].map(([name, found]) => [name, spoken(found)]));
          },
        },
      }),
    },
  },
];

/** Whatever each was decided from. */
async function saveAll(healths: BotHealths, writes: readonly HealthWrite[]) {
  const standing = await healths.read(writes.map(({ key }) => key));
  return healths.save(
    writes.map((write) => ({ ...write, base: standing.get(write.key)?.writeId ?? null })),
  );
}

function spoken(found: ContainerObservation): ContainerObservation {
  if (found.status !== 'unknown') return found;
  return { status: 'running', host: 'a', containerId: 'c1', programs: new Map(), doubt: null };
}

let born = 0;
