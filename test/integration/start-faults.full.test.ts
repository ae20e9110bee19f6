// What can be foreseen to stop a start: one sentence that says what to do, and never a stack. Real processes.

import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { anyFreePort } from '../../src/infra/embedded/ports.ts';
import { childEnv } from '../support/child-env.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTestFolder } from '../support/folder.ts';
import { createTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TEST_TIMEOUT_MS = 300_000;
const START_TIMEOUT_MS = 90_000;
const STACK = /\n\s+at \S+/;

function startEntry(entry: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [entry], {
    cwd: ROOT,
    env: { ...childEnv(), HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    return ended;
  };
  onTestFinished(async () => void (await stop()));
  const running = () =>
    waitFor(
      `${entry} to run`,
      () => /Reclaim is running|"working"/.test(text) || (child.exitCode !== null && 'ended'),
      START_TIMEOUT_MS,
    );
  return { said: () => text, ended, stop, running };
}

async function production(folder: string, mongodbUri: string) {
  return {
    MONGODB_URI: mongodbUri,
    REDIS_URL: inject('redisUrl'),
    RECLAIM_KEY_PREFIX: `t-${randomUUID()}`,
    DATA_DIR: folder,
    ...{ AUTH: 'local', BOT_RUNTIME: 'simulator', SYNC_EVERY_MINUTES: '0' },
  };
}

async function ownDatabase(): Promise<URL> {
  const uri = new URL(inject('mongodbUri'));
  uri.pathname = `/${(await createTestDatabase()).databaseName}`;
  return uri;
}

describe('a start that cannot be', () => {
  it(
    'the data folder in use: who uses it, and the way out',
    async () => {
      const dataDir = `${await createTestFolder()}/my data`;
      const first = startEntry('src/main/server.ts', { DATA_DIR: dataDir });
      await first.running();
      expect(first.said()).toContain('Reclaim is running');
      const second = startEntry('src/main/server.ts', { DATA_DIR: dataDir });
      expect(await second.ended).toBe(1);
      expect(second.said()).toMatch(/is in use by process \d+; stop it, or set DATA_DIR/);
      expect(second.said()).not.toMatch(STACK);

      // What is printed to be pasted is one word to a shell.
      const [, assignment = ''] = /TOKEN=\$\((DATA_DIR=.*) npm run/.exec(first.said()) ?? [];
      const { stdout } = await promisify(execFile)('sh', ['-c', `${assignment} printenv DATA_DIR`]);
      expect(stdout).toBe(`${dataDir}\n`);

      await first.stop();
      const again = startEntry('src/main/server.ts', { DATA_DIR: dataDir });
      await again.running();
      expect(again.said()).not.toMatch(/document\(s\) violate/);
    },
    TEST_TIMEOUT_MS,
  );

  it('a data folder that cannot be made: which, and the way out', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    const folder = await createTestFolder();
    await writeFile(`${folder}/file`, '');
    for (const dataDir of [`${folder}/file`, `${folder}/file/data`, '/sys/data']) {
      const { ended, said } = startEntry('src/main/server.ts', { DATA_DIR: dataDir });
      expect(await ended).toBe(1);
      expect(said()).toContain(dataDir);
      expect(said()).not.toMatch(STACK);
    }
  });

  it('an address of MongoDB that cannot be meant: a sentence', async () => {
    const env = await production(await createTestFolder(), 'mongodb://127.0.0.1:99999/x');
    const { ended, said } = startEntry('src/main/server.ts', env);
    expect(await ended).toBe(1);
    expect(said()).toMatch(/MONGODB_URI/);
    expect(said()).not.toMatch(STACK);
  });
});

describe('a start in production', () => {
  it('another prefix than the one of the database: which, what to do, and the process ends', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    const env = await production(await createTestFolder(), (await ownDatabase()).href);
    await startEntry('src/main/server.ts', env).running();
    for (const entry of ['src/main/server.ts', 'workers/all.ts']) {
      const { ended, said } = startEntry(entry, { ...env, RECLAIM_KEY_PREFIX: 'another' });
      expect(await ended, said()).toBe(1);
      expect(said()).toMatch(
        /are woken under the prefix "t-.*", not "another:.*db\.engine\.deleteOne/,
      );
      expect(said()).not.toMatch(STACK);
    }
  });

  it(
    'a fresh checkout: the folder of the pool state file is made',
    async () => {
      const folder = `${await createTestFolder()}/not/there`;
      const uri = await ownDatabase();
      const server = startEntry('src/main/server.ts', await production(folder, uri.href));
      await server.running();
      expect((await stat(`${folder}/.container-pool-state.json`)).isFile()).toBe(true);
      expect(server.said()).not.toMatch(STACK);
    },
    TEST_TIMEOUT_MS,
  );

  for (const entry of ['src/main/server.ts', 'workers/all.ts']) {
    it(
      `${entry}, MongoDB away: it waits, says so, and goes on`,
      async () => {
        const uri = await ownDatabase();
        const proxy = await createTcpProxy({ host: uri.hostname, port: Number(uri.port) });
        proxy.cut();
        uri.port = String(proxy.port);
        const process = startEntry(entry, await production(await createTestFolder(), uri.href));
        await waitFor('the line', () => process.said().includes('MongoDB does not answer yet'));
        proxy.heal();
        await process.running();
        expect(process.said()).toMatch(/MongoDB answers now/);
        expect(process.said()).not.toMatch(STACK);
        expect(await process.stop()).toBe(0);
      },
      TEST_TIMEOUT_MS,
    );
  }

  it('MongoDB away, and told to end: it ends', { timeout: TEST_TIMEOUT_MS }, async () => {
    const uri = `mongodb://127.0.0.1:${await anyFreePort()}/x`;
    for (const entry of ['src/main/server.ts', 'workers/all.ts']) {
      const process = startEntry(entry, await production(await createTestFolder(), uri));
      await waitFor('the line', () => process.said().includes('MongoDB does not answer yet'));
      expect(await process.stop()).toBe(0);
    }
  });
});
