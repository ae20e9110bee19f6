// Runs test files against a tree whose sources change between the runs. One process of vitest serves all runs of a
// session: a start of its own for each of them would cost more than most of the tests.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./vitest-child.ts', import.meta.url));

export interface SessionRequest {
  /** From the root of the tree. */
  readonly files: readonly string[];
  /** What differs from the tree as it was copied. */
  readonly edited: readonly string[];
  /** A pattern: tests whose name matches it; default: all. */
  readonly only?: string;
}

export interface RunLimits {
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

export interface VitestRun {
  /** Whether it came to an end by itself. */
  readonly isDone: boolean;
  /** Those that ended: none where the run did not. */
  readonly files: readonly ReportedFile[];
}

export interface ReportedFile {
  /** From the root of the tree. */
  readonly file: string;
  readonly isRed: boolean;
  readonly tests: readonly ReportedTest[];
}

interface ReportedTest {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
}

export interface VitestSession {
  /** One at a time. Aborted or past its limit, it ends with all processes that it started: a bug may keep one of them in
   * a loop. The next run starts new ones. */
  run(request: SessionRequest, limits: RunLimits): Promise<VitestRun>;
  end(): Promise<void>;
}

export interface VitestSessionOptions {
  readonly tree: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A run ends with its first red test; default: it runs them all. */
  readonly endsAtFirstRed?: boolean;
}

export function createVitestSession(options: VitestSessionOptions): VitestSession {
  let child: ChildProcess | undefined;

  return {
    run: async (request, limits) => {
      child ??= startChild(options);
      const run = await runIn(child, request, limits);
      if (!run.isDone) child = undefined;
      return run;
    },
    end: async () => {
      const last = child;
      child = undefined;
      if (last === undefined || last.exitCode !== null) return;
      const exit = new Promise((resolve) => last.once('exit', resolve));
      last.disconnect();
      await exit;
    },
  };
}

/** Leads a group of its own, with which it is killed. */
function startChild({ tree, env, endsAtFirstRed = false }: VitestSessionOptions): ChildProcess {
  const stdio: ['ignore', 'ignore', 'ignore', 'ipc'] = ['ignore', 'ignore', 'ignore', 'ipc'];
  return fork(CHILD, [endsAtFirstRed ? '1' : '0'], { cwd: tree, env, stdio, detached: true });
}

async function runIn(
  child: ChildProcess,
  request: SessionRequest,
  { limitMs, signal }: RunLimits,
): Promise<VitestRun> {
  const files = await new Promise<readonly ReportedFile[] | undefined>((resolve, reject) => {
    const end = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(end, limitMs);
    signal.addEventListener('abort', end);
    const onExit = () => settle(() => resolve(undefined));
    const onError = (error: Error) => settle(() => reject(error));
    const onMessage = (reported: readonly ReportedFile[]) => settle(() => resolve(reported));
    const settle = (done: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      child.off('exit', onExit).off('error', onError).off('message', onMessage);
      done();
    };
    child.once('exit', onExit).once('error', onError).once('message', onMessage);
    child.send(request);
  });
  return files === undefined ? { isDone: false, files: [] } : { isDone: true, files };
}
