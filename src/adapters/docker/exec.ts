// Runs a command in a container and says how it ended. Arguments are an argv, never a shell line: ids
// are data. An exit code that Docker does not know is not success; the stream may never end, so reading
// it has a deadline, and the exec is then asked until it has ended or the deadline is over.

import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { FencedCall } from '../../deletion/ports/bots.ts';
import { InDoubtError } from '../../saga/errors.ts';
import { type ExecOutput, readFrames } from './exec-frames.ts';
import type { HostCalls } from './host-calls.ts';

export interface ExecResult extends ExecOutput {
  readonly exitCode: number;
}

export interface ExecCommand {
  readonly containerId: string;
  readonly argv: readonly string[];
  readonly deadlineMs: number;
}

const CREATE_MS = 5_000;
/** Between two looks at an exec whose output has ended but that still runs. */
const POLL_MS = 25;

/** A command that changes something: fenced right before it is started, since creating an exec does
 * nothing yet. */
export async function execChange(
  host: HostCalls,
  { containerId, argv, deadlineMs }: ExecCommand,
  call: FencedCall,
): Promise<ExecResult> {
  const what = `exec ${argv[0]}`;
  const options = { Cmd: [...argv], AttachStdout: true, AttachStderr: true };
  const exec = await host.read(
    {
      what,
      deadlineMs: CREATE_MS,
      isPrompt: true,
      send: (api, abortSignal) => api.getContainer(containerId).exec({ ...options, abortSignal }),
    },
    call,
  );
  const send = (_api: Docker, abortSignal: AbortSignal) => finish(exec, abortSignal);
  return host.change({ what, deadlineMs, send }, call);
}

async function finish(exec: Docker.Exec, abortSignal: AbortSignal): Promise<ExecResult> {
  const stream: Readable = await exec.start({ hijack: false, stdin: false, abortSignal });
  abortSignal.addEventListener('abort', () => stream.destroy(), { once: true });
  const output = await readFrames(stream);
  for (;;) {
    const { Running: isRunning, ExitCode: exitCode } = await exec.inspect({ abortSignal });
    if (!isRunning && typeof exitCode === 'number') return { ...output, exitCode };
    // The one who waits has a deadline and aborts: this loop ends with it.
    if (abortSignal.aborted || !isRunning) break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new InDoubtError('EXEC_UNKNOWN', 'docker does not know how the command ended');
}
