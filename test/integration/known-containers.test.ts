// The memory of containers, asked by many sagas at once: each gets what is its own, in a few commands.

import { expect, it } from 'vitest';
import type { ListedBot } from '../../src/bots/bots.ts';
import {
  createMongoKnownContainers,
  type KnownContainers,
} from '../../src/bots/mongo-known-containers.ts';
import { connectCounted } from '../support/counted-connection.ts';
import { createTestDatabase } from '../support/database.ts';
import { observedDedicated } from '../support/samples.ts';

const BOTS = Array.from({ length: 100 }, (_, index) => listedBot(`ann-bot-${index}`, 'one'));

it('a hundred bots are noted, asked for and forgotten at once: each has its own, in a few commands', async () => {
  const { known, commands } = await openMemory();
  await together((bot) => known.note([bot]));
  expect(await idsOf(known)).toEqual(BOTS.map(({ instanceId }) => [`id-${instanceId}-one`]));
  await together((bot) => known.forget([bot]));
  expect(await idsOf(known)).toEqual(BOTS.map(() => []));
  // Alone they would be 400.
  expect(commands()).toBeLessThan(20);
});

it('a bot stands in two containers and one of them is forgotten: the other is still known, and asked for twice at once', async () => {
  const { known } = await openMemory();
  const [first, second] = [listedBot('ann-bot-1', 'one'), listedBot('ann-bot-1', 'two')];
  await Promise.all([known.note([first]), known.note([second, first]), known.note([])]);
  const [one, other, none] = await Promise.all([
    known.find('ann-bot-1'),
    known.find('ann-bot-1'),
    known.find('ann-bot-2'),
  ]);
  expect(one.map(({ containerId }) => containerId).sort()).toEqual([
    'id-ann-bot-1-one',
    'id-ann-bot-1-two',
  ]);
  expect(other).toEqual(one);
  expect(none).toEqual([]);
  await Promise.all([known.forget([first]), known.forget([])]);
  const left = await known.find('ann-bot-1');
  expect(left.map(({ containerId }) => containerId)).toEqual(['id-ann-bot-1-two']);
});

/** @returns `commands`: how many were sent so far. */
async function openMemory() {
  const { databaseName: name } = await createTestDatabase();
  const { db, commands } = await connectCounted(name);
  const known = createMongoKnownContainers({ db, now: () => new Date() });
  return { known, commands };
}

function together<T>(call: (bot: ListedBot) => Promise<T>): Promise<T[]> {
  return Promise.all(BOTS.map(call));
}

async function idsOf(known: KnownContainers): Promise<string[][]> {
  const found = await together(({ instanceId }) => known.find(instanceId));
  return found.map((bots) => bots.map(({ containerId }) => containerId));
}

function listedBot(instanceId: string, container: string): ListedBot {
  return {
    instanceId,
    observedBot: observedDedicated({
      ...{ host: 'local', labels: { instanceId } },
      containerId: `id-${instanceId}-${container}`,
      containerName: `freqtrade-${instanceId}`,
    }),
  };
}
