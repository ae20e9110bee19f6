// Runs the engine's example (packages/saga/examples) on servers of its own, which are gone with it. With `--kill` the first
// process pays the refund and is killed before it hears so; a second one finishes the job.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startEmbedded } from '../src/infra/embedded/start-embedded.ts';

const MAIN = fileURLToPath(new URL('../packages/saga/examples/main.ts', import.meta.url));
const POLL_MS = 50;
const PAID_WITHIN_MS = 30_000;

const folder = await mkdtemp(join(tmpdir(), 'saga-example-'));
const say = (line: string) => console.error(`example: ${line}`);
const servers = await startEmbedded({ dataDir: folder, isKept: false, onProgress: say });
const { mongodbUri: MONGODB_URI, redisUrl: REDIS_URL } = servers;
const SHOP_FOLDER = join(folder, 'shop');
try {
  if (process.argv.includes('--kill')) await killOne();
  const [code] = await once(start(), 'exit');
  console.log('the shop:', await readFile(join(SHOP_FOLDER, 'shop.json'), 'utf8'));
  process.exitCode = code;
} finally {
  await servers.stop();
  await rm(folder, { recursive: true, force: true });
}

async function killOne(): Promise<void> {
  const first = start({ SHOP_HANGS: 'after-pay-out' });
  const exited = once(first, 'exit');
  const lateAtMs = performance.now() + PAID_WITHIN_MS;
  while (!(await hasPaid()) && first.exitCode === null && performance.now() < lateAtMs) {
    await sleep(POLL_MS);
  }
  first.kill('SIGKILL');
  await exited;
  say('paid, and killed before the answer came; another process takes over');
}

async function hasPaid(): Promise<boolean> {
  const shop = await readFile(join(SHOP_FOLDER, 'shop.json'), 'utf8').catch(() => '');
  return shop.includes('paidCents');
}

function start(extra: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, MONGODB_URI, REDIS_URL, SHOP_FOLDER, ...extra };
  return spawn(process.execPath, [MAIN], { env, stdio: 'inherit' });
}
