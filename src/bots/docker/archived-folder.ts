// The files of a folder in a container, running or not, through Docker's archive call.

import type { Readable } from 'node:stream';
import { InDoubtError } from '@reclaim/saga';
import type Docker from 'dockerode';
import type { BotsCall } from '../bots.ts';
import { isAnswer, isNoSuchContainer } from './docker-errors.ts';
import type { HostCalls } from './host-calls.ts';
import { readTarFiles } from './tar.ts';

interface ArchivedFile {
  readonly name: string;
  readonly text: string;
}

export interface ArchivedPath {
  readonly containerId: string;
  /** Of a folder, with `/.` at its end, or of one file. */
  readonly path: string;
  readonly deadlineMs: number;
  /** Default: enough for the conf files of thousands of bots. */
  readonly maxBytes?: number;
}

/** A conf file has some hundred bytes: this is thousands of bots in one pool. */
const MAX_ARCHIVE_BYTES = 8 * 1024 * 1024;

/** Without those in folders below. Null: the container has no such path. */
export async function readArchivedFolder(
  host: HostCalls,
  { containerId, path, deadlineMs, maxBytes = MAX_ARCHIVE_BYTES }: ArchivedPath,
  call: BotsCall,
): Promise<readonly ArchivedFile[] | null> {
  const request = {
    what: 'read files',
    deadlineMs,
    send: async (api: Docker, abortSignal: AbortSignal) => {
      const options = { path, abortSignal };
      const stream = (await api.getContainer(containerId).getArchive(options)) as Readable;
      abortSignal.addEventListener('abort', () => stream.destroy(), { once: true });
      return readBounded(stream, maxBytes);
    },
  };
  try {
    const folder = path.replace(/\/\.$/, '');
    const files = await readTarFiles(await host.read(request, call));
    return files.flatMap(({ path: at, text }) => {
      const name = topLevelName(at, folder);
      return name === undefined ? [] : [{ name, text }];
    });
  } catch (error) {
    // A container that is gone answers 404 too, and says nothing of its files.
    if (isAnswer(error, 404, /(?:)/) && !isNoSuchContainer(error)) return null;
    throw error;
  }
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

/** Docker writes `./x` or `<folder>/x`. */
function topLevelName(path: string, folder: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const own = parts.length === 2 && parts[0] === folder.split('/').at(-1) ? parts.slice(1) : parts;
  return own.length === 1 ? own[0] : undefined;
}
