// What five hundred people who watch their jobs cost one API process: its resident set with their event streams
// and without, and what they do to the time from a DELETE to its 202. Nobody works on the sagas, so that all of
// them stay open; each watcher is a user of their own.

import type { ChildProcess } from 'node:child_process';
import { type ClientRequest, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { pause } from '@reclaim/saga';
import { anyFreePort } from '../src/infra/embedded/ports.ts';
import { createLocalTokenIssuer } from '../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../src/infra/identities/signing-key.ts';
import type { Environment, Place } from './environment.ts';
import { type HerdBot, seedUsers } from './herd.ts';
import { HEAP_LIMITS, residentMb, startProcess, stopProcess, whenServing } from './own-process.ts';
import { quotient, type Row } from './report.ts';
import { median } from './statistics.ts';

export interface StreamsOptions {
  readonly streams: number;
  /** Deletions timed in each turn, of two turns without streams and two with. */
  readonly deletions: number;
  readonly signal: AbortSignal;
}

const API = fileURLToPath(new URL('../src/main/server.ts', import.meta.url));
const WARM_UPS = 100;
/** The resident set counts as the largest of as many samples, half a second apart. */
const SAMPLES = 16;
const SAMPLE_EVERY_MS = 500;
/** Streams opened at once. */
const WIDTH = 50;

export function measureStreams(
  environment: Environment,
  options: StreamsOptions,
): Promise<readonly Row[]> {
  return environment.measure(async (place) => {
    const { streams, deletions } = options;
    const { db } = await place.services();
    const count = streams + WARM_UPS + 4 * deletions;
    const bots = [...(await seedUsers(db, place.writePoolState, count))];
    const port = await anyFreePort();
    const api = startProcess(API, HEAP_LIMITS, { ...place.env, PORT: String(port) });
    try {
      const client = await createClient(place, api, `http://127.0.0.1:${port}`);
      return await measure(client, api, bots, options);
    } finally {
      await stopProcess(api);
    }
  });
}

async function measure(
  client: Client,
  api: ChildProcess,
  bots: HerdBot[],
  { streams, deletions, signal }: StreamsOptions,
): Promise<readonly Row[]> {
  const accept = async (n: number) => {
    const tookMs: number[] = [];
    for (const bot of bots.splice(0, n)) tookMs.push((await client.delete(bot)).tookMs);
    return tookMs;
  };
  const watched: { readonly bot: HerdBot; readonly jobId: string }[] = [];
  for (const bot of bots.splice(0, streams)) {
    signal.throwIfAborted();
    watched.push({ bot, jobId: (await client.delete(bot)).jobId });
  }
  await accept(WARM_UPS);
  const withoutMb = await largestMb(api, signal);
  const without: number[] = [];
  const with_: number[] = [];
  let withMb = 0;
  // In turns: whatever the machine does meanwhile, it does to both.
  for (let turn = 0; turn < 2; turn += 1) {
    without.push(...(await accept(deletions)));
    const open = await openAll(client, watched, signal);
    try {
      withMb = Math.max(withMb, await largestMb(api, signal));
      with_.push(...(await accept(deletions)));
      withMb = Math.max(withMb, await residentMb(api));
      const torn = open.filter(({ destroyed }) => destroyed).length;
      if (torn > 0) throw new Error(`${torn} of ${open.length} streams have ended`);
    } finally {
      for (const request of open) request.destroy();
    }
  }
  const [withoutMs, withMs] = [median(without), median(with_)];
  const ratio = quotient(withMs, withoutMs);
  return [
    ['streamsWithMb', withMb, 1, `the API with ${streams} event streams open, MB`, '< 150'],
    ['streamsWithoutMb', withoutMb, 1, 'the API without them, MB'],
    ['streamsEachKb', ((withMb - withoutMb) * 1_024) / streams, 1, 'each stream, KB'],
    ['acceptRatioToNoStreams', ratio, 2, 'DELETE to 202 with the streams against without', '< 1.5'],
    ['acceptWithStreamsMs', withMs, 2, 'DELETE to 202 with the streams, median, ms'],
    ['acceptWithoutStreamsMs', withoutMs, 2, 'DELETE to 202 without them, median, ms'],
  ];
}

async function openAll(
  client: Client,
  watched: readonly { readonly bot: HerdBot; readonly jobId: string }[],
  signal: AbortSignal,
): Promise<readonly ClientRequest[]> {
  const open: ClientRequest[] = [];
  for (let first = 0; first < watched.length; first += WIDTH) {
    signal.throwIfAborted();
    const some = watched.slice(first, first + WIDTH);
    open.push(...(await Promise.all(some.map(({ bot, jobId }) => client.watch(bot, jobId)))));
  }
  return open;
}

async function largestMb(api: ChildProcess, signal: AbortSignal): Promise<number> {
  let largest = 0;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await pause(SAMPLE_EVERY_MS, signal);
    signal.throwIfAborted();
    largest = Math.max(largest, await residentMb(api));
  }
  return largest;
}

interface Client {
  delete(bot: HerdBot): Promise<{ readonly tookMs: number; readonly jobId: string }>;
  /** Resolves with the first event. */
  watch(bot: HerdBot, jobId: string): Promise<ClientRequest>;
}

async function createClient(place: Place, api: ChildProcess, url: string): Promise<Client> {
  await whenServing(api, url, place.signal);
  const key = await loadSigningKey(place.config.dataDir);
  const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
  const headersOf = async ({ firebaseUid }: HerdBot) => {
    const { token } = await issuer.issue({ firebaseUid, isAdmin: false });
    return { authorization: `Bearer ${token}` };
  };
  const base = `${url}/api/freqtrade`;
  return {
    delete: async (bot) => {
      const headers = await headersOf(bot);
      const begunMs = performance.now();
      const response = await fetch(`${base}/bots/${bot.instanceId}`, { method: 'DELETE', headers });
      const body = await response.text();
      const tookMs = performance.now() - begunMs;
      if (response.status !== 202) throw new Error(`DELETE gave ${response.status}: ${body}`);
      return { tookMs, jobId: String(JSON.parse(body).jobId) };
    },
    watch: async (bot, jobId) => firstEvent(`${base}/jobs/${jobId}/events`, await headersOf(bot)),
  };
}

function firstEvent(url: string, headers: Record<string, string>): Promise<ClientRequest> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientRequest>();
  const request = get(url, { headers, agent: false }, (response) => {
    if (response.statusCode !== 200) reject(new Error(`a stream gave ${response.statusCode}`));
    response.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('data: ')) resolve(request);
    });
    response.once('error', reject);
  });
  request.once('error', reject);
  request.on('error', () => undefined);
  return promise;
}
