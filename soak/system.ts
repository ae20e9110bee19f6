// The system under test: one API and some workers, each a process of its own that knows the servers only over the
// wires. The stop policy is drawn anew at each start of the API, so that one run sees all three of them.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { anyFreePort } from '../src/infra/embedded/ports.ts';
import type { Environment } from './environment.ts';
import { type KeptProcess, keepProcess } from './kept-process.ts';
import type { Random } from './random.ts';
import type { Verdict } from './verdict.ts';

export interface System {
  readonly url: string;
  readonly api: KeptProcess;
  readonly workers: readonly KeptProcess[];
  /** Idempotent. */
  stop(): Promise<void>;
}

export const LEASE_SECONDS = 5;
/** How long a stop may fail before the policy decides. */
const STOP_TIMEOUT_MS = 4_000;
const POLICIES = ['refund', 'restore', 'hold'] as const;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** As `npm run workers` starts one. */
const HEAP_LIMITS = ['--max-semi-space-size=8', '--max-old-space-size=256'];

export async function startSystem(options: {
  readonly soakEnvironment: Environment;
  readonly workers: number;
  readonly random: Random;
  readonly verdict: Verdict;
}): Promise<System> {
  const { soakEnvironment, random, verdict } = options;
  const port = await anyFreePort();
  const policies = random.fork('policies');
  const env = environment(soakEnvironment, port);
  const onCrash = (how: string) => verdict.violated('crash', how);
  const keep = (name: string, args: readonly string[], more = (): Record<string, string> => ({})) =>
    keepProcess({
      name,
      args,
      env: () => ({ ...env, ...more() }),
      logFile: join(soakEnvironment.folder, `${name}.log`),
      onCrash,
    });
  const api = await keep('api', [join(ROOT, 'src/main/server.ts')], () => ({
    ON_STOP_FAILURE: policies.pick(POLICIES) ?? 'refund',
  }));
  const names = Array.from({ length: options.workers }, (_, index) => `worker-${index + 1}`);
  const workers = await Promise.all(
    names.map((name) => keep(name, [...HEAP_LIMITS, join(ROOT, 'workers/all.ts')])),
  );
  return {
    url: `http://127.0.0.1:${port}`,
    api,
    workers,
    stop: async () => {
      await Promise.all([api, ...workers].map((kept) => kept.stop()));
    },
  };
}

function environment(soakEnvironment: Environment, port: number): Record<string, string> {
  return {
    MONGODB_URI: `mongodb://127.0.0.1:${soakEnvironment.mongodbWire.port}/reclaim?directConnection=true`,
    REDIS_URL: `redis://127.0.0.1:${soakEnvironment.valkeyWire.port}`,
    DATA_DIR: soakEnvironment.folder,
    POOL_STATE_FILE: soakEnvironment.poolStateFile,
    HOST: '127.0.0.1',
    PORT: String(port),
    AUTH: 'local',
    BOT_RUNTIME: 'simulator',
    BOT_IMAGE: 'soak/bot:1',
    WORKERS: 'none',
    LOG_LEVEL: 'error',
    LEASE_SECONDS: String(LEASE_SECONDS),
    STOP_TIMEOUT_MS: String(STOP_TIMEOUT_MS),
    // Its world has allocations before the first start, and no platform that starts bots.
    PROVISION: 'on',
    // Runs that nobody asked for would change what a last run is to leave alone.
    SYNC_EVERY_MINUTES: '0',
    SYNC_CONFIRM_SECONDS: '1',
    SYNC_YOUNG_SECONDS: '1',
    RATE_LIMIT_PER_MINUTE: '1000000',
  };
}
