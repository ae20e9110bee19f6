import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLocalVerifier } from '../../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../../src/infra/identities/signing-key.ts';
import { childEnv } from '../support/child-env.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reclaim-token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function runToken(dataDir: string, args: readonly string[], env = {}): Promise<Run> {
  const script = join(import.meta.dirname, '../../scripts/token.ts');
  const options = {
    env: { ...childEnv(), DATA_DIR: dataDir, ...env },
    timeout: 20_000,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('several users: one token a line, in their order, and nothing else', async () => {
  const folder = await createFolder();
  const { code, stdout, stderr } = await runToken(folder, ['--user', 'b', '--user', 'a']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const verifier = createLocalVerifier({
    key: await loadSigningKey(folder),
    now: () => new Date(),
  });
  const [first = '', second = '', ...rest] = stdout.split('\n');
  expect(rest).toEqual(['']);
  expect(await verifier.verify(first)).toMatchObject({ firebaseUid: 'b', isAdmin: false });
  expect(await verifier.verify(second)).toMatchObject({ firebaseUid: 'a', isAdmin: false });
});

test('--admin: an administrator', async () => {
  const folder = await createFolder();
  const { stdout } = await runToken(folder, ['--user', 'uid-admin', '--admin']);
  const verifier = createLocalVerifier({
    key: await loadSigningKey(folder),
    now: () => new Date(),
  });
  expect(await verifier.verify(stdout.trim())).toMatchObject({ isAdmin: true });
});

test.each<[string, readonly string[], Record<string, string>]>([
  ['no user', [], {}],
  ['an option that does not exist', ['--usr', 'a'], {}],
  ['a word too many', ['--user', 'a', 'b'], {}],
  ['a user that cannot be one', ['--user', 'a b'], {}],
  ['tokens that come from Firebase', ['--user', 'a'], { AUTH: 'firebase' }],
  ['production', ['--user', 'a'], { NODE_ENV: 'production' }],
])('%s: exit 2, the reason and the usage on standard error, no key made', async (_w, args, env) => {
  const folder = await createFolder();
  const { code, stdout, stderr } = await runToken(folder, args, env);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^token: .+/);
  expect(stderr).toContain('Usage:');
  expect(await readdir(folder)).toEqual([]);
});
