// The stream of an exec without a terminal: frames of an 8-byte header (stream, length) and a payload, which come
// in any number of pieces.

const HEADER_BYTES = 8;
const STDERR = 2;

export function createFrameReader() {
  let header = Buffer.alloc(0);
  let payloadLeft = 0;
  return {
    /** What the next bytes of the stream add to either output. */
    push: (chunk: Buffer): { readonly stdout: Buffer; readonly stderr: Buffer } => {
      // Most answers are one frame, whole.
      const isBetween = payloadLeft === 0 && header.length % HEADER_BYTES === 0;
      if (isBetween && isOneFrame(chunk)) {
        const payload = chunk.subarray(HEADER_BYTES);
        return chunk[0] === STDERR
          ? { stdout: EMPTY, stderr: payload }
          : { stdout: payload, stderr: EMPTY };
      }
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      let at = 0;
      while (at < chunk.length) {
        if (payloadLeft === 0) {
          const part = chunk.subarray(at, at + HEADER_BYTES - (header.length % HEADER_BYTES));
          header = Buffer.concat([header.length === HEADER_BYTES ? EMPTY : header, part]);
          at += part.length;
          if (header.length === HEADER_BYTES) payloadLeft = header.readUInt32BE(4);
        } else {
          const part = chunk.subarray(at, at + payloadLeft);
          (header[0] === STDERR ? stderr : stdout).push(part);
          at += part.length;
          payloadLeft -= part.length;
        }
      }
      return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
    },
  };
}

const EMPTY = Buffer.alloc(0);

function isOneFrame(chunk: Buffer): boolean {
  return chunk.length >= HEADER_BYTES && chunk.readUInt32BE(4) === chunk.length - HEADER_BYTES;
}
