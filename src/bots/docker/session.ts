// One interactive program in a container (supervisorctl, a shell), over the stream of an exec: starting one takes
// 80 to 400 ms of processor, a command to one that runs a round trip. It answers one line at a time, and is
// given up at the first thing that is not as it should be: an answer that comes later must never be read
// as the next one's (I4).

import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { InDoubtError } from '@reclaim/saga';
import { createFrameReader } from './exec-frames.ts';

/** How one talks with a program that takes a line at a time: what is sent for a command, and where its answer ends. A
 * random token follows each command, which the program is made to repeat: nothing that it says by itself can pass for
 * the end. */
export interface Dialogue<Answer> {
  /** For messages. */
  readonly program: string;
  readonly argv: readonly string[];
  /** What to send for one command; null: for none, to hear that it listens. */
  readonly linesToSend: (command: string | null, token: string) => string;
  /** What it says before the first command: what frames every answer, its prompt if it has one.
   * @returns undefined while it is incomplete. @throws InDoubtError where it will not come. */
  readonly readBeginning: (text: string, token: string) => Said<string> | undefined;
  /** @returns undefined while it is incomplete. @throws InDoubtError for one that is not framed as all are. */
  readonly readAnswer: (text: string, prompt: string, token: string) => Said<Answer> | undefined;
}

export interface Said<Value> {
  readonly value: Value;
  /** What came after it, and belongs to the next. */
  readonly rest: string;
}

export interface Session<Answer> {
  /** Waits for what it says at the beginning; before that it takes no line.
   * @throws InDoubtError when it does not come that far. */
  readonly begin: (signal: AbortSignal) => Promise<void>;
  /** Whether it may be given a line now; if not, nothing of that line was sent. */
  readonly isOpen: () => boolean;
  /** Sends the line before it returns, and resolves with its whole answer.
   * @throws InDoubtError when that is not to be had: the line may have been carried out. */
  readonly ask: (line: string, signal: AbortSignal) => Promise<Answer>;
  /** Lets it end by itself: it takes no line any more, and is gone when its last command has ended. */
  readonly giveUp: () => void;
  /** Ends the connection at once. Idempotent. */
  readonly close: () => void;
}

/** It ended, or the connection did, before the answer was there. */
export const SESSION_ENDED = 'SESSION_ENDED';

/** @param stream of an exec that was started with its input and both outputs.
 * @param onGone called once, when the stream has ended. */
export function createSession<Answer>(
  stream: Duplex,
  dialogue: Dialogue<Answer>,
  newToken: () => string,
  onGone: () => void,
): Session<Answer> {
  const { isOpen, giveUp, close, ask } = createTalk(stream, dialogue, newToken, onGone);
  let prompt: string | null = null;
  return {
    begin: async (signal) => {
      prompt = await ask(null, signal, dialogue.readBeginning);
    },
    isOpen: () => prompt !== null && isOpen(),
    ask: (line, signal) =>
      ask(line, signal, (text, token) => dialogue.readAnswer(text, prompt ?? '', token)),
    giveUp,
    close,
  };
}

/** The caller that waits for an answer: called with all that came, or with why it will not come. */
interface Waiting {
  readonly see: () => void;
  readonly fail: (error: Error) => void;
}

function createTalk(
  stream: Duplex,
  { program, linesToSend }: Pick<Dialogue<unknown>, 'program' | 'linesToSend'>,
  newToken: () => string,
  onGone: () => void,
) {
  const frames = createFrameReader();
  const decoder = new StringDecoder();
  let state: 'open' | 'given-up' | 'gone' = 'open';
  let text = '';
  let errors = '';
  let waiting: Waiting | null = null;

  const giveUp = () => {
    if (state !== 'open') return;
    state = 'given-up';
    // The end of its input ends it, once it reads on.
    stream.end();
  };
  const fail = (error: Error) => {
    giveUp();
    waiting?.fail(error);
  };
  const ended = () => {
    const said = `${text}${errors}`.trim().slice(-MAX_SAID);
    return new InDoubtError(SESSION_ENDED, `${program} ended before it answered: ${said}`);
  };
  const close = () => {
    if (state === 'gone') return;
    state = 'gone';
    stream.destroy();
    waiting?.fail(ended());
    onGone();
  };

  stream.on('data', (chunk: Buffer) => {
    const { stdout, stderr } = frames.push(chunk);
    if (state !== 'open') return;
    text += decoder.write(stdout);
    if (stderr.length > 0) errors = (errors + stderr.toString()).slice(-MAX_SAID);
    if (text.length > MAX_OUTPUT) {
      const message = `more than ${MAX_OUTPUT} characters of output`;
      fail(new InDoubtError('DOCKER_OUTPUT_TOO_LARGE', message));
    } else waiting?.see();
  });
  // An error is followed by the close, which says all there is to know: the answer will not come.
  stream.on('error', () => undefined);
  stream.on('end', close);
  stream.on('close', close);

  return {
    isOpen: () => state === 'open' && waiting === null,
    giveUp,
    close,
    ask: async <Value>(
      line: string | null,
      signal: AbortSignal,
      read: (text: string, token: string) => Said<Value> | undefined,
    ): Promise<Value> => {
      const token = newToken();
      const { promise, resolve, reject } = Promise.withResolvers<Value>();
      const see = () => {
        try {
          const said = read(text, token);
          if (said === undefined) return;
          text = said.rest;
          resolve(said.value);
        } catch (error) {
          giveUp();
          reject(error);
        }
      };
      const onAbort = () =>
        fail(new InDoubtError('SESSION_GIVEN_UP', `${program} did not answer in time`));
      waiting = { see, fail: reject };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else stream.write(linesToSend(line, token));
      try {
        return await promise;
      } finally {
        waiting = null;
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}

/** Characters of one answer: a program that talks without end must not fill the memory. */
const MAX_OUTPUT = 256 * 1024;
/** Characters of what it said that are kept for a message. */
const MAX_SAID = 300;
