import { expect, it } from 'vitest';
import { migrate } from '../../src/main/migration/migration.ts';
import { createMongoOrphanSamples } from '../../src/sync/mongodb/orphan-samples.ts';
import { describeOrphanSamples } from '../contracts/orphan-samples.ts';
import { createTestDatabase } from '../support/database.ts';

describeOrphanSamples('MongoOrphanSamples', async () => {
  const db = await createTestDatabase();
  await migrate(db);
  return createMongoOrphanSamples(db);
});

it('the migration, eight times at once: one time series that lets go after 400 days', async () => {
  const db = await createTestDatabase();
  await Promise.all(Array.from({ length: 8 }, () => migrate(db)));
  const [made] = (await db.listCollections({ name: 'orphanSamples' }).toArray()) ?? [];
  expect(made).toMatchObject({
    type: 'timeseries',
    options: {
      timeseries: { timeField: 'at', metaField: 'meta', granularity: 'minutes' },
      expireAfterSeconds: 400 * 86_400,
    },
  });
});

it('an ordinary collection stands in its place: reported and kept, and it works', async () => {
  const db = await createTestDatabase();
  await db.createCollection('orphanSamples');
  const { constraints } = await migrate(db);
  const found = constraints.find(({ constraint }) => constraint === 'orphanSamples.time-series');
  expect(found).toMatchObject({ status: 'missing', violations: { count: 1 } });
  const samples = createMongoOrphanSamples(db);
  const at = new Date().toISOString();
  const measured = { count: 0, valueMinor: 0, oldestSeconds: 0, repaired: 0 };
  await samples.write({ runId: 'run-a', userId: null, at, ...measured });
  expect(await samples.history({ userId: null, since: new Date(0), limit: 1 })).toHaveLength(1);
});
