// A child process that runs exactly as long as this one. It gets a process group of its own, because
// Ctrl-C in a terminal reaches every process of the group: a server must outlast the application
// that still writes to it while it closes. Three things then end it: `stop`, the exit of this
// process, and, where the system can signal a child at its parent's death (Linux), even our SIGKILL.

import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { promisify } from 'node:util';

export interface OwnedProcess {
  readonly pid: number;
  /** Resolves, never rejects, with the way the process ended: `code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>;
  /** Signals it to end, kills it after the stop timeout, and resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface OwnedProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** How long the process may take to end by itself before it is killed. */
  readonly stopTimeoutMs: number;
}

/** @throws when the program cannot be started at all. */
export async function startOwnedProcess(options: OwnedProcessOptions): Promise<OwnedProcess> {
  const [command, args] = await tiedToOurDeath(options.command, options.args);
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `code ${code}`));
    child.once('error', (error) => resolve(error.message));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${options.command}: ${await exited}`);

  const onOurExit = () => child.kill('SIGTERM');
  process.once('exit', onOurExit);
  const gone = exited.finally(() => process.off('exit', onOurExit));

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), options.stopTimeoutMs);
    await gone;
    clearTimeout(force);
  };
  return {
    pid,
    exited: gone,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

let canTie: Promise<boolean> | undefined;

async function tiedToOurDeath(
  command: string,
  args: readonly string[],
): Promise<[string, readonly string[]]> {
  canTie ??= promisify(execFile)('setpriv', ['--pdeathsig', 'TERM', 'true'], {
    timeout: 5_000,
  }).then(
    () => true,
    () => false,
  );
  const tie = (await canTie) ? ['setpriv', '--pdeathsig', 'TERM', '--'] : [];
  // Some servers leave their files readable by every user. The shell becomes the server: it keeps its process id.
  return ['/bin/sh', ['-c', 'umask 077; exec "$@"', 'sh', ...tie, command, ...args]];
}
