// The files in a tar stream as Docker writes it (ustar, PAX records and GNU long names for paths over
// 100 bytes). Nothing is unpacked. An archive without its end mark was cut: in doubt, not "no files".

import { InDoubtError } from '@reclaim/saga';

const BLOCK = 512;

export interface TarFile {
  readonly path: string;
  /** Empty for what is no plain file: a link, a socket. */
  readonly text: string;
}

/** Everything that is not a folder. @throws InDoubtError when the archive is cut or not one. */
export function readTarFiles(archive: Buffer): readonly TarFile[] {
  const files: TarFile[] = [];
  let longName: string | undefined;
  let at = 0;
  for (;;) {
    if (at + BLOCK > archive.length) throw new InDoubtError('TAR_CUT', 'the archive has no end');
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    const size = readSize(header);
    const body = archive.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'x') longName = readPaxPath(body) ?? longName;
    else if (type === 'L') longName = readText(body);
    else if (type !== 'g' && type !== 'K') {
      const isPlain = type === '0' || type === '\0';
      const text = isPlain ? body.toString('utf8') : '';
      if (type !== '5') files.push({ path: longName ?? readPath(header), text });
      longName = undefined;
    }
  }
}

function readSize(header: Buffer): number {
  const text = readText(header.subarray(124, 136)).trim();
  const size = /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw new InDoubtError('TAR_MALFORMED', 'not a tar header');
  return size;
}

function readPath(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? header.subarray(345, 500) : null;
  const name = readText(header.subarray(0, 100));
  const folder = prefix === null ? '' : readText(prefix);
  return folder === '' ? name : `${folder}/${name}`;
}

/** A PAX record is `<length> <key>=<value>\n`. */
function readPaxPath(body: Buffer): string | undefined {
  return /^\d+ path=(.*)$/m.exec(body.toString())?.[1];
}

function readText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
