// A process of the system under test as a process manager keeps it: started again whenever it ends, until it is told
// to stop. It can be killed and frozen; one that ends by itself after it had come up is an accident of the product.

import { pause } from '@reclaim/saga';
import { type OwnedProcess, startOwnedProcess } from '../src/infra/embedded/owned-process.ts';

export interface KeptProcess {
  readonly name: string;
  /** SIGKILL; it comes back by itself. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Ends it for good. Idempotent. */
  stop(): Promise<void>;
}

export interface KeptProcessOptions {
  readonly name: string;
  /** What Node runs. */
  readonly args: readonly string[];
  /** Asked at each start; nothing else is inherited but PATH. */
  readonly env: () => Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly onCrash: (how: string) => void;
}

const STOP_TIMEOUT_MS = 12_000;
const RESTART_AFTER_MS = 250;
/** Until then it may find a server away that it cannot start without; such an end is not its fault. */
const UP_AFTER_MS = 10_000;

export async function keepProcess(options: KeptProcessOptions): Promise<KeptProcess> {
  const stopping = new AbortController();
  let isKilled = false;
  let current = await start(options);

  const keep = async () => {
    while (!stopping.signal.aborted) {
      const sinceMs = performance.now();
      const how = await current.exited;
      if (stopping.signal.aborted) return;
      const livedMs = performance.now() - sinceMs;
      if (!isKilled && livedMs > UP_AFTER_MS) {
        options.onCrash(`${options.name} ended by itself after ${Math.round(livedMs)} ms: ${how}`);
      }
      isKilled = false;
      await pause(RESTART_AFTER_MS, stopping.signal);
      if (!stopping.signal.aborted) current = await start(options);
    }
  };
  const kept = keep();

  return {
    name: options.name,
    kill: async () => {
      isKilled = true;
      send(current, 'SIGKILL');
      await current.exited;
    },
    freeze: () => send(current, 'SIGSTOP'),
    thaw: () => send(current, 'SIGCONT'),
    stop: async () => {
      stopping.abort();
      // A frozen process hears nothing else.
      send(current, 'SIGCONT');
      await current.stop();
      await kept;
      await current.stop();
    },
  };
}

function start({ args, env, logFile }: KeptProcessOptions): Promise<OwnedProcess> {
  const variables = { PATH: process.env.PATH ?? '', ...env() };
  const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return startOwnedProcess({
    command: 'env',
    args: ['-i', ...pairs, process.execPath, ...args],
    logFile,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  });
}

/** Its id is only ever used while it is a child of ours, so it is nobody else's. */
function send({ pid }: OwnedProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
