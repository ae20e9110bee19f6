// The real server with AUTH=firebase as a process of its own, on the platform's data, its people at the emulator.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { anyFreePort } from '../../src/infra/embedded/ports.ts';
import { startWithFixtures } from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';
import { type AuthEmulator, PROJECT } from './auth-emulator.ts';

const SERVER = fileURLToPath(new URL('../../src/main/server.ts', import.meta.url));
const START_WITHIN_MS = 30_000;

/** Ended with the test. @returns its address */
export async function startFirebaseServer(
  { host }: Pick<AuthEmulator, 'host'>,
  over: Readonly<Record<string, string>> = {},
): Promise<string> {
  const stage = await startWithFixtures({ env: { WORKERS: 'none' } });
  const port = await anyFreePort();
  const child = spawn(process.execPath, [SERVER], {
    env: {
      PATH: process.env.PATH,
      ...stage.env,
      ...{ WORKERS: 'inline', PORT: String(port), AUTH: 'firebase', LOG_LEVEL: 'error' },
      ...{ FIREBASE_PROJECT_ID: PROJECT, FIREBASE_AUTH_EMULATOR_HOST: host },
      ...over,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = once(child, 'exit');
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await gone;
  });
  const url = `http://127.0.0.1:${port}`;
  const isServing = () =>
    fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitFor('the server', isServing, START_WITHIN_MS);
  return url;
}
