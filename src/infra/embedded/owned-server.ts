// A server process on a data folder of ours: started on a port that is free, observed to listen, and
// written down in a pid file. A server that a killed run has left on the folder is recognised by
// that file and ended first.

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OwnedProcess, startOwnedProcess } from './owned-process.ts';
import { isListening } from './ports.ts';
import { identifyProcess, isAlive, parseIdentity } from './process-identity.ts';

export interface OwnedServer {
  readonly port: number;
  readonly process: OwnedProcess;
  /** Ends it cleanly. Idempotent. */
  stop(): Promise<void>;
}

export interface OwnedServerOptions {
  /** Names its log and pid file too: `mongodb`, `valkey`. */
  readonly name: string;
  readonly path: string;
  readonly dataDir: string;
  args(port: number): readonly string[];
  /** Called before each attempt; throws when no other port will do. */
  choosePort(attempt: number): Promise<number>;
  /** The process id that the listener on the port gives as its own; undefined: no answer yet. */
  askPid(port: number): Promise<number | undefined>;
  readonly stopTimeoutMs: number;
  readonly signal: AbortSignal;
}

// A free port may be taken by another process between the check and the start.
const ATTEMPTS = 5;
/** As MongoDB and Valkey log it. */
const PORT_TAKEN = /address already in use/i;
const START_TIMEOUT_MS = 60_000;

/** @throws with the end of its log when the server ends instead of listening. */
export async function startOwnedServer(options: OwnedServerOptions): Promise<OwnedServer> {
  const logFile = join(options.dataDir, `${options.name}.log`);
  for (let attempt = 0; ; attempt += 1) {
    const port = await options.choosePort(attempt);
    await keepOneOldLog(logFile);
    const child = await startOwnedProcess({
      command: options.path,
      args: options.args(port),
      logFile,
      stopTimeoutMs: options.stopTimeoutMs,
    });
    const pidFile = join(options.dataDir, `${options.name}.pid`);
    const identity = JSON.stringify(await identifyProcess(child.pid)) ?? '';
    await writeFile(pidFile, identity, { mode: 0o600 });
    const stop = async () => {
      await child.stop();
      await rm(pidFile, { force: true });
    };
    const ended = await untilListening(child, port, options);
    if (ended === undefined) return { port, process: child, stop };
    await stop();
    const log = await readFile(logFile, 'utf8');
    // The port itself cannot be asked: what took it may be gone, as a start elsewhere that tries which ports are free.
    if (attempt + 1 < ATTEMPTS && PORT_TAKEN.test(log)) continue;
    const lines = log.trim().split('\n').slice(-3).join('\n');
    throw new Error(`${options.name} did not start (${ended}), see ${logFile}:\n${lines}`);
  }
}

/** Ends the server that an earlier run, killed before it could, has left on this folder. */
export async function endLeftover(
  dataDir: string,
  name: string,
  timeoutMs: number,
): Promise<boolean> {
  const pidFile = join(dataDir, `${name}.pid`);
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const identity = parseIdentity(safeParse(text));
  const wasAlive = identity !== undefined && (await isAlive(identity));
  if (wasAlive) {
    process.kill(identity.pid, 'SIGTERM');
    const end = performance.now() + timeoutMs;
    while (await isAlive(identity)) {
      if (performance.now() > end) {
        throw new Error(`${name} of an earlier run (process ${identity.pid}) does not end; end it`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await rm(pidFile, { force: true });
  return wasAlive;
}

/** How the process ended, or undefined once it, and not another process, listens: two starts may find the same
 * port free, and the loser must not work on the winner's data. */
async function untilListening(
  child: OwnedProcess,
  port: number,
  { askPid, signal }: Pick<OwnedServerOptions, 'askPid' | 'signal'>,
): Promise<string | undefined> {
  let ended: string | undefined;
  void child.exited.then((how) => {
    ended = how;
  });
  const end = performance.now() + START_TIMEOUT_MS;
  while (!(await isListening(port)) || (await askPid(port)) !== child.pid) {
    if (ended !== undefined) return ended;
    if (signal.aborted) return 'stopped on request';
    if (performance.now() > end) return `not listening after ${START_TIMEOUT_MS} ms`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

async function keepOneOldLog(logFile: string): Promise<void> {
  await rename(logFile, `${logFile}.1`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
