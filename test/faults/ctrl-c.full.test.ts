// Ctrl-C as a person presses it: in a terminal, on what npm has started. The terminal sends SIGINT to npm and to the
// server, and npm passes its own on: the server is asked twice within milliseconds (I7, I10).

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBeside, startTestApplication, type TestApplication } from '../support/application.ts';
import { childEnv } from '../support/child-env.ts';
import { acceptDelete, injectFaults, jobIn, placeBot } from '../support/deletions.ts';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TEST_TIMEOUT_MS = 60_000;
const CTRL_C = '\u0003';

interface Terminal {
  readonly mongodb: TcpProxy;
  said(): string;
  press(key: string): void;
  readonly ended: Promise<number | null>;
}

/** The command in a pseudo-terminal of its own, with a wire to MongoDB that can be frozen. */
async function startInTerminal(app: TestApplication, command: string): Promise<Terminal> {
  const mongodbUri = new URL(String(app.env.MONGODB_URI));
  const port = Number(mongodbUri.port);
  const mongodb = await createTcpProxy({ host: mongodbUri.hostname, port });
  mongodbUri.port = String(mongodb.port);
  const child: ChildProcess = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: ROOT,
    env: {
      ...{ ...childEnv(), HOME: process.env.HOME, TERM: 'dumb' },
      ...{ ...app.env, MONGODB_URI: mongodbUri.href, LOG_LEVEL: 'info' },
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString('utf8');
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const said = () => text;
  await waitFor(`${command} to run`, () => /Reclaim is running|working/.test(text), 40_000);
  return { mongodb, said, press: (key) => void child.stdin?.write(key), ended };
}

// Other systems' `script` knows other flags.
describe.skipIf(process.platform !== 'linux')('Ctrl-C in a terminal', () => {
  for (const command of ['npm start', 'npm run workers']) {
    it(
      `${command}: it drains, says so, and another worker finishes what it was at`,
      async () => {
        const app = await startTestApplication({
          env: { WORKERS: 'none', STOP_TIMEOUT_MS: '60000' },
        });
        const over = command === 'npm start' ? { WORKERS: 'inline' } : {};
        const terminal = await startInTerminal({ ...app, env: { ...app.env, ...over } }, command);
        const bot = await placeBot(app, 'dedicated');
        await injectFaults(app, bot, { refuseStop: true });
        const id = await acceptDelete(app, bot);
        await jobIn(app, bot.uid, id, 'running');

        terminal.press(CTRL_C);

        await terminal.ended;
        expect(terminal.said()).toMatch(/SIGINT: stopping…/);
        expect(terminal.said()).not.toMatch(/again|second SIGINT|at once\n|timeout/);
        const sagas = app.db.collection<{ _id: string; leaseUntil: Date | null }>('sagas');
        expect((await sagas.findOne({ _id: id }))?.leaseUntil).toBeNull();
        await injectFaults(app, bot, null);
        await startBeside(app, { WORKERS: 'inline' });
        expect((await jobIn(app, bot.uid, id, 'completed')).result.wallet.returned).toBe(110);
      },
      TEST_TIMEOUT_MS,
    );
  }

  it(
    'once more, later, while the end takes long: the process ends at once',
    async () => {
      const app = await startTestApplication({
        env: { WORKERS: 'none', STOP_TIMEOUT_MS: '60000' },
      });
      const terminal = await startInTerminal(app, 'npm run workers');
      const bot = await placeBot(app, 'dedicated');
      await injectFaults(app, bot, { refuseStop: true });
      await jobIn(app, bot.uid, await acceptDelete(app, bot), 'running');
      terminal.mongodb.freeze();
      terminal.press(CTRL_C);
      await waitFor('the first answer', () => terminal.said().includes('stopping…'));
      await waitFor('the second answer', () => {
        terminal.press(CTRL_C);
        return terminal.said().includes('ending at once');
      });
      await terminal.ended;
    },
    TEST_TIMEOUT_MS,
  );
});
