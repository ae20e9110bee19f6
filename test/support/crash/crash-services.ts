// The environment of crashes: one database, and the application's own services as several processes have them, each
// with its own log, ports and batches.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { pino } from 'pino';
import { inject, onTestFinished } from 'vitest';
import type { CrashEnvironment } from '../../../packages/saga/src/testing/index.ts';
import { driveOverQueue } from '../../../packages/saga/test/support/drive-over-queue.ts';
import { expire } from '../../../packages/saga/test/support/saga-log.ts';
import { createServices, type Services } from '../../../src/main/compose/services.ts';
import { parseConfig } from '../../../src/main/config.ts';
import { createTestDatabase } from '../database.ts';
import { knowHosts } from '../known-hosts.ts';
import { memoryFolder } from '../memory-folder.ts';

export interface CrashServices extends CrashEnvironment {
  readonly db: Db;
  readonly processes: readonly [Services, ...Services[]];
  /** For the pool states of the worlds. */
  readonly folder: string;
}

/** The one that dies, the one that comes after it, and the one after both. */
const PROCESSES = 3;

export async function createCrashServices(): Promise<CrashServices> {
  const db = await createTestDatabase();
  const folder = await mkdtemp(join(await memoryFolder(), 'reclaim-crash-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const mongodbUri = new URL(inject('mongodbUri'));
  mongodbUri.pathname = `/${db.databaseName}`;
  const env = {
    MONGODB_URI: mongodbUri.href,
    REDIS_URL: inject('redisUrl'),
    DATA_DIR: folder,
    AUTH: 'local',
    HOST: '127.0.0.1',
    BOT_RUNTIME: 'simulator',
    LOG_LEVEL: 'silent',
    // No run waits for a moment that no crash decides.
    SYNC_CONFIRM_SECONDS: '0',
    SYNC_YOUNG_SECONDS: '0',
  };
  const config = parseConfig(env, 'server');
  await knowHosts(db, ['simulated']);
  const keyPrefix = `t-${randomUUID()}`;
  const opened: Services[] = [];
  for (let index = 0; index < PROCESSES; index += 1) {
    const services = await createServices({
      config,
      log: pino({ level: config.logLevel }),
      mongodbUri: mongodbUri.href,
      redisUrl: inject('redisUrl'),
      keyPrefix,
    });
    onTestFinished(() => services.close());
    opened.push(services);
  }
  const [first, ...rest] = opened;
  if (first === undefined) throw new RangeError('no process');
  const processes = [first, ...rest] as const;
  return {
    db,
    processes,
    folder,
    clock: first.clock,
    logs: [first.engine.log, ...rest.map(({ engine }) => engine.log)],
    expire: (id) => expire(db, id),
    overQueue: driveOverQueue,
  };
}
