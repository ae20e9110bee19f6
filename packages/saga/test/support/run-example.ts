// The example as its reader runs it: processes of their own, on the servers of the test run.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { waitFor } from '../../../../test/support/wait-for.ts';

interface ExampleOptions {
  /** `main.ts` of the example. */
  readonly main: string;
  readonly shopFolder: string;
  /** A number of a Redis database that no other test uses; its MongoDB database is named after it. */
  readonly database: number;
}

/** Kills the first process when it has paid and was not answered. @returns what the second one printed. */
export async function killAndFinish(options: ExampleOptions): Promise<string> {
  const first = start(options, 'after-pay-out');
  const exited = once(first.process, 'exit');
  try {
    const shop = join(options.shopFolder, 'shop.json');
    const hasPaid = async () =>
      (await readFile(shop, 'utf8').catch(() => '')).includes('paidCents');
    await waitFor('the payment', async () => (await hasPaid()) || first.process.exitCode !== null);
  } finally {
    first.process.kill('SIGKILL');
    await exited;
  }
  const second = start(options, '');
  const [code] = await once(second.process, 'exit', { signal: AbortSignal.timeout(60_000) });
  if (code !== 0) throw new Error(`exit ${code}: ${second.printed()}`);
  return second.printed();
}

function start({ main, shopFolder, database }: ExampleOptions, hangs: string) {
  const mongodb = new URL(inject('mongodbUri'));
  const redis = new URL(inject('redisUrl'));
  mongodb.pathname = `/example_${database}`;
  redis.pathname = `/${database}`;
  const env = {
    PATH: process.env.PATH ?? '',
    MONGODB_URI: mongodb.href,
    REDIS_URL: redis.href,
    SHOP_FOLDER: shopFolder,
    SHOP_HANGS: hangs,
  };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  return { process: child, printed: () => printed };
}
