// The stream of an exec without a terminal: frames of an 8-byte header (stream, length) and a payload.
// The stream ends by closing, so a cut connection looks like an end; a frame cut in two at least is seen.

import type { Readable } from 'node:stream';
import { InDoubtError } from '../../saga/errors.ts';

export interface ExecOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of output that are read at most: a program that talks without end must not fill the memory. */
const MAX_OUTPUT_BYTES = 256 * 1024;

/** @throws InDoubtError when the output is too large or ends within a frame. */
export async function readFrames(stream: Readable): Promise<ExecOutput> {
  return splitFrames(await readBounded(stream, MAX_OUTPUT_BYTES));
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

export function splitFrames(bytes: Buffer): ExecOutput {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const payloadAt = at + HEADER_BYTES;
    const end = payloadAt <= bytes.length ? payloadAt + bytes.readUInt32BE(at + 4) : payloadAt;
    if (end > bytes.length) throw new InDoubtError('DOCKER_OUTPUT_CUT', 'output ends in a frame');
    (bytes[at] === STDERR ? stderr : stdout).push(bytes.subarray(payloadAt, end));
    at = end;
  }
  return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

const HEADER_BYTES = 8;
const STDERR = 2;
