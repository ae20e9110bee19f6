// The stream of an exec whose program takes a line at a time, of what a session uses of it: lines go in, frames of its
// output come out, and it ends when its input does. Lines are carried out one after the other. No stream of Node's:
// a hundred of those cost more than what is said through them.

import { EventEmitter } from 'node:events';
import { NoAnswerError } from './injected-faults.ts';

/** What one line makes the program print. @throws NoAnswerError where it says nothing more; any other error ends the
 * program: what it did stays done. */
export type RunLine = (line: string, signal: AbortSignal) => Promise<string>;

export function createExecSession(greeting: string, run: RunLine) {
  const gone = new AbortController();
  const stream = new EventEmitter();
  let text = greeting;
  let last = Promise.resolve();

  const end = () => {
    gone.abort(ENDED);
    queueMicrotask(() => stream.emit('end'));
  };
  const carryOut = async (lines: readonly string[]) => {
    try {
      for (const line of lines) text += await run(line, gone.signal);
      if (!gone.signal.aborted) stream.emit('data', frameOf(text));
      text = '';
    } catch (error) {
      if (!(error instanceof NoAnswerError)) end();
    }
  };
  return Object.assign(stream, {
    /** @param lines whole ones. */
    write: (lines: string) => {
      last = last.then(() => carryOut(lines.split('\n').slice(0, -1)));
    },
    end,
    destroy: () => gone.abort(ENDED),
  });
}

/** A reason of its own saves the stack trace of a usual one. */
const ENDED = 'ended';
const HEADER_BYTES = 8;
const STDOUT = 1;

/** An 8-byte header (stream, length), then the text. */
function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.fill(0, 0, HEADER_BYTES);
  frame[0] = STDOUT;
  frame.writeUInt32BE(length, 4);
  frame.write(text, HEADER_BYTES);
  return frame;
}
