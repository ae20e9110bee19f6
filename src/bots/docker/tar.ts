// Tar archives as Docker's archive calls take and give them. Nothing is unpacked. An archive without its
// end mark was cut: in doubt, not "no files".

import { buffer } from 'node:stream/consumers';
import { InDoubtError } from '@reclaim/saga';
import { extract, type Header, pack } from 'tar-stream';

export interface TarFile {
  readonly path: string;
  /** Empty for what is no plain file: a link, a socket. */
  readonly text: string;
}

/** Everything that is not a folder. @throws InDoubtError when the archive is cut or not one. */
export async function readTarFiles(archive: Buffer): Promise<readonly TarFile[]> {
  const end = archive.subarray(-END_BYTES);
  if (end.length < END_BYTES || end.some((byte) => byte !== 0)) {
    throw new InDoubtError('TAR_CUT', 'the archive has no end');
  }
  const files: TarFile[] = [];
  const entries = extract();
  entries.end(archive);
  try {
    for await (const entry of entries) {
      const { name, type }: Header = entry.header;
      const text = (await buffer(entry)).toString('utf8');
      if (type !== 'directory') files.push({ path: name, text: type === 'file' ? text : '' });
    }
  } catch (cause) {
    throw new InDoubtError('TAR_MALFORMED', 'not a tar archive', { cause });
  }
  return files;
}

/** An archive of one file. @param name a bare file name. */
export function tarOfFile(name: string, content: string): Promise<Buffer> {
  return tarOfFiles([{ path: name, text: content }]);
}

export async function tarOfFiles(files: readonly TarFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, text } of files) archive.entry({ name: path, mode: 0o644 }, text);
  archive.finalize();
  return buffer(archive);
}

/** Two empty blocks end an archive. */
const END_BYTES = 1_024;
