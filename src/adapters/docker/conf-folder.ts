// The folder of supervisord's conf files in a pool container. In a container that runs it is read and changed
// through a shell; in one that does not, it is read through the archive call, which needs nothing inside and costs
// the daemon ten times as much. A folder that is missing or cannot be read is in doubt, never empty (I4).

import type { Readable } from 'node:stream';
import type { BotsCall, FencedCall } from '../../deletion/ports/bots.ts';
import { InDoubtError, RetryableError } from '../../saga/errors.ts';
import { confPaths } from '../supervisor/program-names.ts';
import type { ContainerView } from './container-view.ts';
import type { Deadlines } from './deadlines.ts';
import { DockerAnswerError } from './docker-errors.ts';
import type { HostCalls } from './host-calls.ts';
import type { Shell, ShellAnswer } from './shell.ts';
import { readTarNames } from './tar-names.ts';

export interface ConfFolder {
  /** The file names in it. @throws InDoubtError when the folder is missing. */
  readonly list: (
    container: Pick<ContainerView, 'id' | 'running'>,
    call: BotsCall,
  ) => Promise<ReadonlySet<string>>;
  /** Renames the bot's conf file so that supervisord's include pattern does not match it any more. */
  readonly putAside: (containerId: string, instanceId: string, call: FencedCall) => Promise<void>;
  readonly putBack: (containerId: string, instanceId: string, call: FencedCall) => Promise<void>;
  /** Removes both the conf file and the one put aside; their absence is success. */
  readonly remove: (containerId: string, instanceId: string, call: FencedCall) => Promise<void>;
}

/** A conf file has some hundred bytes: this is thousands of bots in one pool. */
const MAX_ARCHIVE_BYTES = 8 * 1024 * 1024;

export function createConfFolder(
  host: HostCalls,
  shell: Shell,
  folder: string,
  deadlines: Deadlines,
): ConfFolder {
  const exec = async (containerId: string, argv: readonly string[], call: FencedCall) => {
    check(argv, await shell.change(containerId, argv, call));
  };
  return {
    list: ({ id, running }, call) =>
      running
        ? listRunning(shell, id, folder, call)
        : listArchive(host, id, folder, deadlines.readMs, call),
    putAside: (containerId, instanceId, call) => {
      const { conf, aside } = confPaths(folder, instanceId);
      return exec(containerId, ['mv', '-f', '--', conf, aside], call);
    },
    putBack: (containerId, instanceId, call) => {
      const { conf, aside } = confPaths(folder, instanceId);
      return exec(containerId, ['mv', '-f', '--', aside, conf], call);
    },
    remove: (containerId, instanceId, call) => {
      const { conf, aside } = confPaths(folder, instanceId);
      return exec(containerId, ['rm', '-f', '--', conf, aside], call);
    },
  };
}

async function listRunning(
  shell: Shell,
  containerId: string,
  folder: string,
  call: BotsCall,
): Promise<ReadonlySet<string>> {
  // The slash makes it follow a link and refuse a file; folders in it are shown with one.
  const { exitCode, output } = await shell.read(containerId, ['ls', '-1Ap', `${folder}/`], call);
  if (exitCode === 0) {
    return new Set(output.split('\n').filter((name) => name !== '' && !name.endsWith('/')));
  }
  const message = `${folder} in container ${containerId.slice(0, 12)}: ${output.slice(0, 200)}`;
  throw new InDoubtError('CONF_FOLDER_MISSING', message);
}

async function listArchive(
  host: HostCalls,
  containerId: string,
  folder: string,
  deadlineMs: number,
  call: BotsCall,
): Promise<ReadonlySet<string>> {
  // The dot makes Docker follow a link and refuse a file.
  const path = `${folder}/.`;
  const archive = await host
    .read(
      {
        what: 'read conf folder',
        deadlineMs,
        send: async (api, abortSignal) => {
          const options = { path, abortSignal };
          const stream = (await api.getContainer(containerId).getArchive(options)) as Readable;
          abortSignal.addEventListener('abort', () => stream.destroy(), { once: true });
          return readBounded(stream, MAX_ARCHIVE_BYTES);
        },
      },
      call,
    )
    .catch((error: unknown) => {
      if (!(error instanceof DockerAnswerError) || error.statusCode !== 404) throw error;
      const message = `no folder ${folder} in container ${containerId.slice(0, 12)}`;
      throw new InDoubtError('CONF_FOLDER_MISSING', message, { cause: error });
    });
  const top = readTarNames(archive).flatMap((name) => topLevelName(name, folder));
  return new Set(top);
}

/** @throws InDoubtError when the stream holds more than `maxBytes`. */
async function readBounded(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    // Leaving the loop destroys the stream.
    if (size > maxBytes) {
      throw new InDoubtError('DOCKER_OUTPUT_TOO_LARGE', `more than ${maxBytes} bytes of output`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Docker writes `./x` or `<folder>/x`; a file in a folder below is not a conf file of a bot. */
function topLevelName(path: string, folder: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const own = parts.length === 2 && parts[0] === folder.split('/').at(-1) ? parts.slice(1) : parts;
  return own.length === 1 ? own : [];
}

function check(argv: readonly string[], { exitCode, output }: ShellAnswer): void {
  if (exitCode === 0) return;
  const said = output.trim().slice(0, 200);
  throw new RetryableError('CONF_FILE', `${argv[0]} ended with ${exitCode}: ${said}`);
}
