// The set-up that runs before every script, in a copy of the project that has nothing but what it reads.

import { spawn } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestFolder } from '../support/folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TEST_TIMEOUT_MS = 120_000;

async function runSetUp(env: Readonly<Record<string, string>>, nodeFlags: readonly string[] = []) {
  const folder = await createTestFolder();
  const project = join(folder, 'project');
  await mkdir(project);
  for (const part of ['package.json', 'package-lock.json', 'scripts']) {
    await cp(join(ROOT, part), join(project, part), { recursive: true });
  }
  const child = spawn(process.execPath, [...nodeFlags, 'scripts/setup.mjs'], {
    cwd: project,
    env: { PATH: process.env.PATH, HOME: folder, npm_config_cache: join(folder, 'cache'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, said };
}

describe('the set-up', () => {
  it('a Node that is too old: one sentence, and nothing is installed', async () => {
    const old = "Object.defineProperty(process, 'versions', { value: { node: '18.20.8' } });";
    const { code, said } = await runSetUp({}, ['--import', `data:text/javascript,${old}`]);
    expect(said).toMatch(/^set-up: Node 20 or newer is needed, and this is v[^\n]*\n$/);
    expect(code).toBe(1);
  });

  it(
    'a registry that refuses: the cause and the ways out, no stack',
    async () => {
      const port = await closedPort();
      const { code, said } = await runSetUp({
        npm_config_registry: `http://127.0.0.1:${port}/`,
      });
      expect(said).toMatch(/installing about \d{3} packages/);
      expect(said.trimEnd().split('\n').at(-1)).toMatch(
        new RegExp(`the package registry 127.0.0.1:${port} cannot be reached .*npm config set`),
      );
      expect(said).not.toMatch(/ at \S+ \(|npm error/);
      expect(code).toBe(1);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'a registry that answers but lacks a package: npm says which',
    async () => {
      const server = createServer((_, response) => response.writeHead(404).end('{}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const registry = `http://127.0.0.1:${portOf(server)}/`;
      const { code, said } = await runSetUp({ npm_config_registry: registry });
      expect(said).toMatch(/npm error.*404/);
      expect(said.trimEnd().split('\n').at(-1)).toMatch(/npm ci failed \(1\)/);
      expect(code).toBe(1);
    },
    TEST_TIMEOUT_MS,
  );
});

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
