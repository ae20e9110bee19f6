// One database is one engine: a second prefix on it is refused.

import { randomUUID } from 'node:crypto';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../../../../test/support/database.ts';
import type { SagaDefinition } from '../../src/definition.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { connectRedis } from '../../src/queue/connections.ts';

const definition: SagaDefinition = {
  ...{ name: 'short', version: 1, key: () => 'a key' },
  steps: [
    {
      ...{ kind: 'retriable', name: 'work', timeoutMs: 1_000 },
      retry: { attempts: 3, baseMs: 1, capMs: 1 },
      run: async () => ({}),
    },
  ],
};

async function setUp() {
  const db = await createTestDatabase();
  const redis = connectRedis(inject('redisUrl'), 'worker', () => undefined);
  onTestFinished(() => redis.disconnect());
  const open = async (prefix: string): Promise<Engine> => {
    const engine = await createEngine({ db, redis, prefix, sagas: [definition] });
    onTestFinished(() => engine.close());
    return engine;
  };
  const [one, other] = [`one-${randomUUID()}`, `other-${randomUUID()}`];
  return { db, open, one, other };
}

it('a second prefix on the database of an engine: refused with what to do; the first one opens again', async () => {
  const { db, open, one, other } = await setUp();
  await open(one);
  await expect(open(other)).rejects.toMatchObject({
    code: 'PREFIX_DIFFERS',
    message: expect.stringMatching(/db\.engine\.deleteOne\(\{ _id: 'prefix' \}\)/),
    context: { database: db.databaseName, prefix: one, refused: other },
  });
  await open(one);
});

it('many engines with two prefixes start at once: those of one prefix open, all others are refused', async () => {
  const { open, one, other } = await setUp();
  const prefixes = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? one : other));
  const opened = await Promise.allSettled(prefixes.map(open));
  const first = prefixes[opened.findIndex(({ status }) => status === 'fulfilled')];
  expect(opened.map(({ status }) => status)).toEqual(
    prefixes.map((prefix) => (prefix === first ? 'fulfilled' : 'rejected')),
  );
});

it('the prefix is changed as the refusal says: the new one opens, the old one is refused', async () => {
  const { db, open, one, other } = await setUp();
  await (await open(one)).close();
  await db.collection<{ _id: string }>('engine').deleteOne({ _id: 'prefix' });
  await open(other);
  await expect(open(one)).rejects.toMatchObject({ code: 'PREFIX_DIFFERS' });
});
