// The folder of supervisord's conf files in a pool container. It is read through the archive call, which
// works on running and stopped containers alike and needs nothing inside the image; it is changed by mv
// and rm with an argv. A folder that is missing or cannot be read is in doubt, never empty (I4).

import type { Readable } from 'node:stream';
import type { BotsCall, FencedCall } from '../../deletion/ports/bots.ts';
import { InDoubtError, RetryableError } from '../../saga/errors.ts';
import { confPaths } from '../supervisor/program-names.ts';
import type { Deadlines } from './deadlines.ts';
import { DockerAnswerError } from './docker-errors.ts';
import { type ExecResult, execChange } from './exec.ts';
import { readBounded } from './exec-frames.ts';
import type { HostCalls } from './host-calls.ts';
import { readTarNames } from './tar-names.ts';

export interface ConfFolder {
  /** The file names in it. @throws InDoubtError when the folder is missing. */
  readonly list: (containerId: string, call: BotsCall) => Promise<ReadonlySet<string>>;
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
  folder: string,
  deadlines: Deadlines,
): ConfFolder {
  const exec = async (containerId: string, argv: readonly string[], call: FencedCall) => {
    const command = { containerId, argv, deadlineMs: deadlines.commandMs };
    check(argv, await execChange(host, command, call));
  };
  return {
    list: (containerId, call) => listFolder(host, containerId, folder, deadlines.readMs, call),
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

async function listFolder(
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

/** Docker writes `./x` or `<folder>/x`; a file in a folder below is not a conf file of a bot. */
function topLevelName(path: string, folder: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const own = parts.length === 2 && parts[0] === folder.split('/').at(-1) ? parts.slice(1) : parts;
  return own.length === 1 ? own : [];
}

function check(argv: readonly string[], { exitCode, stderr, stdout }: ExecResult): void {
  if (exitCode === 0) return;
  const said = (stderr || stdout).trim().slice(0, 200);
  throw new RetryableError('CONF_FILE', `${argv[0]} ended with ${exitCode}: ${said}`);
}
