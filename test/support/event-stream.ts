// A client of server-sent events that keeps everything it was sent.

import { type IncomingMessage, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { waitFor } from './wait-for.ts';

export interface SentEvent {
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire brings.
  readonly data: any;
}

export interface EventReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: readonly SentEvent[];
  readonly comments: readonly string[];
  readonly fields: readonly string[];
  /** Everything as text; the body of a refusal. */
  text(): string;
  /** How the connection ended: by the server's last chunk, or torn; null while it stands. */
  end(): 'ended' | 'torn' | null;
  /** Reads no more bytes until `resume`. */
  pause(): void;
  resume(): void;
  leave(): void;
  /** The first event for which this holds. */
  event(what: string, holds: (event: SentEvent) => boolean): Promise<SentEvent>;
  hasEnded(): Promise<unknown>;
}

export async function readEvents(
  url: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(url, { headers: { authorization: `Bearer ${token}`, ...headers } }, resolve);
  sent.once('error', reject);
  sent.end();
  onTestFinished(() => void sent.destroy());
  const response = await promise;
  sent.on('error', () => undefined);
  const chunks: string[] = [];
  let end: 'ended' | 'torn' | null = null;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => chunks.push(chunk));
  response.on('error', () => undefined);
  response.once('close', () => {
    end = response.complete ? 'ended' : 'torn';
  });
  // Only what is complete: an event ends with an empty line.
  const blocks = () => chunks.join('').split('\n\n').slice(0, -1);
  const events = () =>
    blocks()
      .filter((block) => block.startsWith('id: '))
      .map(toEvent);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    get events() {
      return events();
    },
    get comments() {
      return blocks().filter((block) => block.startsWith(':'));
    },
    get fields() {
      return blocks().filter((block) => /^(?!id:|:)/.test(block));
    },
    text: () => chunks.join(''),
    end: () => end,
    pause: () => response.pause(),
    resume: () => response.resume(),
    leave: () => void sent.destroy(),
    event: (what, holds) => waitFor(what, () => events().find(holds)),
    hasEnded: () => waitFor('the end of the stream', () => end !== null && end),
  };
}

function toEvent(block: string): SentEvent {
  const [id = '', data = '', ...rest] = block.split('\n');
  if (!data.startsWith('data: ') || rest.length > 0) throw new Error(`no event of ours: ${block}`);
  return { id: id.slice('id: '.length), data: JSON.parse(data.slice('data: '.length)) };
}
