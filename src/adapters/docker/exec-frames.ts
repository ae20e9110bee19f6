// The stream of an exec without a terminal: frames of an 8-byte header (stream, length) and a payload.
// The stream ends by closing, so a cut connection looks like an end; a frame cut in two at least is seen.

import type { Readable } from 'node:stream';
import { InDoubtError } from '../../saga/errors.ts';

export interface ExecOutput {
  readonly stdout: string;
  readonly stderr: string;
}

export interface FrameReader {
  /** What the next bytes of the stream add to either output; a frame may come in any number of pieces. */
  readonly push: (chunk: Buffer) => { readonly stdout: Buffer; readonly stderr: Buffer };
  /** Whether the bytes so far end within a frame. */
  readonly isWithinFrame: () => boolean;
}

/** Bytes of output that are read at most: a program that talks without end must not fill the memory. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

const HEADER_BYTES = 8;
const STDERR = 2;

export function createFrameReader(): FrameReader {
  let header = Buffer.alloc(0);
  let payloadLeft = 0;
  return {
    push: (chunk) => {
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
    isWithinFrame: () => payloadLeft > 0 || header.length % HEADER_BYTES > 0,
  };
}

const EMPTY = Buffer.alloc(0);

/** @throws InDoubtError when the output is too large or ends within a frame. */
export async function readFrames(stream: Readable): Promise<ExecOutput> {
  const reader = createFrameReader();
  const { stdout, stderr } = reader.push(await readBounded(stream, MAX_OUTPUT_BYTES));
  if (reader.isWithinFrame()) {
    throw new InDoubtError('DOCKER_OUTPUT_CUT', 'output ends in a frame');
  }
  return { stdout: stdout.toString(), stderr: stderr.toString() };
}

/** @throws InDoubtError when the stream holds more than `maxBytes`. */
export async function readBounded(stream: Readable, maxBytes: number): Promise<Buffer> {
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
