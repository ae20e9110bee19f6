import type { Db } from 'mongodb';
import { describe } from 'vitest';
import { createSimulatedBots, SIMULATED_HOST } from '../../src/bots/simulator/simulated-bots.ts';
import { pooledKey, poolKey, worldCollection } from '../../src/bots/simulator/world-documents.ts';
import { type BotsWorld, testBots, testHostAway, testStarts } from '../contracts/bots.ts';
import { testPoolContainers } from '../contracts/pool-containers.ts';
import { createTestDatabase } from '../support/database.ts';
import { createSimulatedWorld } from '../support/simulated-world.ts';

const IMAGE = 'bots/freqtrade:1';

describe('simulated pool containers', () => {
  testPoolContainers(async () => {
    const db = await createTestDatabase();
    const world = createSimulatedWorld(db);
    const set = (instanceId: string, fields: Record<string, unknown>) =>
      worldCollection(db).updateOne({ _id: pooledKey(instanceId) }, { $set: fields });
    return {
      bots: createSimulatedBots({ db, now: () => new Date() }),
      addPool: async (containerName, bots) => {
        await world.addPool({ containerName });
        for (const [instanceId, program] of Object.entries(bots)) {
          await world.addPooled({ instanceId, containerName, program });
        }
        if (Object.values(bots).includes('FATAL')) {
          await world.injectFaults({ pool: containerName }, { refuseStart: true });
        }
      },
      addDedicated: (instanceId, state, containerName = `freqtrade-${instanceId}`) =>
        world.addDedicated({
          instanceId,
          containerName,
          running: state !== 'stopped',
          paused: state === 'paused',
        }),
      setPool: (name, to) =>
        world.setPool(name, to === 'mute' ? { supervisord: 'dead' } : { running: false }),
      mend: (name) => world.injectFaults({ pool: name }, null),
      putAside: async (_name, instanceId) => void (await set(instanceId, { conf: 'aside' })),
    };
  });
});

describe('simulated bots', () => {
  testBots(createWorld);
  testStarts(createWorld);
  testHostAway(async () => {
    const hosts = [SIMULATED_HOST, 'away'] as const;
    const { db, ...world } = await createWorld(hosts);
    await createSimulatedWorld(db).injectFaults({ host: 'away' }, { unreachable: true });
    return { ...world, here: hosts[0], away: hosts[1] };
  });
});

async function createWorld(
  hosts: readonly string[] = [SIMULATED_HOST],
): Promise<BotsWorld & { readonly db: Db }> {
  const db = await createTestDatabase();
  const world = createSimulatedWorld(db);
  return {
    db,
    bots: createSimulatedBots({
      ...{ db, now: () => new Date(), images: [IMAGE], hosts },
      maxStopSeconds: 6,
    }),
    image: IMAGE,
    addDedicated: async ({
      instanceId,
      name,
      labels = {},
      state = 'running',
      ends,
      startsOnce,
    }) => {
      await world.addDedicated({
        instanceId,
        labels,
        ...(name === undefined ? {} : { containerName: name }),
        running: state !== 'stopped',
        paused: state === 'paused',
        ...ends,
      });
      if (startsOnce === true) await world.injectFaults({ instanceId }, { refuseStart: true });
    },
    addPool: async ({ name, labels = {}, bots, ends, ports = {} }) => {
      await world.addPool({ containerName: name, labels });
      for (const [instanceId, program] of Object.entries(bots)) {
        const port = ports[instanceId] ?? null;
        await world.addPooled({ instanceId, containerName: name, program, port, ...ends });
      }
    },
    wasKilled: async (instanceId) => {
      const { dedicated, pooled } = await world.snapshot();
      const found = [...dedicated, ...pooled].find((bot) => bot.instanceId === instanceId);
      return found?.killed === true;
    },
    addGrouped: ({ pool: containerName, instanceId, group, isGroupOfOthers = false }) =>
      world.addPooled({
        instanceId,
        containerName,
        names: [`${group}:main`],
        ...(isGroupOfOthers ? { entangled: `the group ${group} names it` } : {}),
      }),
    addStranger: async (name, program) => {
      const filter = { _id: poolKey(name) };
      await worldCollection(db).updateOne(filter, { $set: { strangers: [program] } });
    },
    stopPool: (name) => world.setPool(name, { running: false }),
    startPool: (name) => world.setPool(name, { running: true }),
    loseConf: async (_name, instanceId) => {
      const filter = { _id: pooledKey(instanceId) };
      await worldCollection(db).updateOne(filter, { $set: { conf: 'gone' } });
    },
    muteSupervisord: (name) => world.setPool(name, { supervisord: 'dead' }),
  };
}
