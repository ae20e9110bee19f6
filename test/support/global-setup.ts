// Starts, once per run, the servers that the tests share, and hands their addresses to every test
// file. A server whose URL is given is used as it is. What is started is ended with the run, however
// that ends, and its temporary folders go with it.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/infra/embedded/start-embedded.ts';
import type { TestDocker } from './docker.ts';
import { findDockerEngine, removeContainersOf } from './docker-engine.ts';
import { findBrowser, type TestBrowser } from './find-browser.ts';
import { prepareImages } from './images.ts';
import { memoryFolder } from './memory-folder.ts';
import { openDb } from './open-db.ts';

declare module 'vitest' {
  interface ProvidedContext {
    mongodbUri: string;
    /** What the names of this run's databases begin with. */
    databasePrefix: string;
    redisUrl: string;
    docker: TestDocker;
    browser: TestBrowser;
  }
}

/** What a part of the set-up gets: where to report to, when to give up, what to undo at the end. */
interface SetUp {
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
  /** The newest is undone first. */
  undo(stop: () => Promise<void>): void;
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const abort = new AbortController();
  const undos: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    abort.abort();
    stopping ??= undoAll(undos);
    return stopping;
  };
  const setUp: SetUp = {
    progress: (line) => process.stderr.write(`test set-up: ${line}\n`),
    signal: abort.signal,
    undo: (one) => undos.unshift(one),
  };
  await keepCompiled(setUp);
  const parts = [startServers(setUp), startDocker(setUp), findBrowser(setUp)] as const;
  stopOnSignal(async () => {
    abort.abort();
    await Promise.allSettled(parts);
    await stop();
  });
  await Promise.allSettled(parts);
  try {
    const [servers, docker, browser] = await Promise.all(parts);
    project.provide('mongodbUri', servers.mongodbUri);
    project.provide('databasePrefix', servers.databasePrefix);
    project.provide('redisUrl', servers.redisUrl);
    project.provide('docker', docker);
    project.provide('browser', browser);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

/** What one process of the run has compiled, the test files' own and those that they start, the next ones read: a start
 * of the application is a second of compiling, and a run has hundreds. */
async function keepCompiled({ undo }: SetUp): Promise<void> {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  const folder = await mkdtemp(join(await memoryFolder(), 'reclaim-test-compiled-'));
  undo(() => rm(folder, { recursive: true, force: true }));
  process.env.NODE_COMPILE_CACHE = folder;
}

async function startServers({ progress, signal, undo }: SetUp) {
  const { MONGODB_URI, REDIS_URL } = process.env;
  const dataDir = await mkdtemp(join(await memoryFolder(), 'reclaim-test-'));
  undo(() => rm(dataDir, { recursive: true, force: true }));
  const servers = await startEmbedded({
    dataDir,
    mongodbUri: MONGODB_URI || undefined,
    redisUrl: REDIS_URL || undefined,
    isKept: false,
    onProgress: progress,
    onServerLost: progress,
    signal,
  });
  undo(() => servers.stop());
  const { mongodbUri } = servers;
  const databasePrefix = `t_${randomUUID().slice(0, 8)}_`;
  // Ours is thrown away.
  if (MONGODB_URI) undo(() => dropDatabases(mongodbUri, databasePrefix));
  return { ...servers, databasePrefix };
}

/** Those that processes of tests kept for their next ones. */
async function dropDatabases(uri: string, prefix: string): Promise<void> {
  const db = await openDb(uri, { directConnection: true });
  const { databases } = await db.admin().listDatabases();
  for (const { name } of databases) {
    if (name.startsWith(prefix)) await db.client.db(name).dropDatabase();
  }
  await db.client.close();
}

async function startDocker({ progress, signal, undo }: SetUp): Promise<TestDocker> {
  const engine = await findDockerEngine(progress, signal);
  if ('missing' in engine) return engine;
  undo(() => engine.stop());
  const run = randomUUID();
  undo(() => removeContainersOf(run, engine.socket));
  try {
    const images = await prepareImages(engine.socket, progress, signal);
    return { socket: engine.socket, run, ...images };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { missing: `the images could not be made: ${why}` };
  }
}

async function undoAll(undos: readonly (() => Promise<void>)[]): Promise<void> {
  const failed: unknown[] = [];
  for (const undo of undos) await undo().catch((error: unknown) => failed.push(error));
  if (failed.length > 0) throw new AggregateError(failed, 'the test set-up did not end cleanly');
}

// vitest's own handlers leave the process a millisecond after a signal, which is too short to end a
// database; so ours take their place.
function stopOnSignal(stop: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      const leave = () => process.exit(128 + constants.signals[signal]);
      stop().then(leave, leave);
    });
  }
}
