// A tar archive of one small file, as Docker's archive call takes it (ustar). The counterpart of read-tar.ts.

const BLOCK = 512;
/** The name field of a ustar header, in bytes; longer names would need records that nothing here needs. */
const MAX_NAME = 100;

/** @param name a bare file name. @throws RangeError for one that does not fit the header. */
export function tarOfFile(name: string, content: string): Buffer {
  if (Buffer.byteLength(name) > MAX_NAME || name.includes('/')) {
    throw new RangeError(`not a name for a tar header: ${name}`);
  }
  const body = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  // Two empty blocks end an archive.
  return Buffer.concat([header, body, padding, Buffer.alloc(2 * BLOCK)]);
}
