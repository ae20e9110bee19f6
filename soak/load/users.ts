// The users: each makes and deletes bots, a few jobs at a time, asks twice, asks again, changes their mind and
// presses the button that cleans up. What they are told is kept for the oracle.

import { randomUUID } from 'node:crypto';
import { pause } from '@reclaim/saga';
import type { FaultSource } from '../faults/fault-source.ts';
import type { Random } from '../random.ts';
import type { Townsman } from '../town.ts';
import type { Census } from './census.ts';
import type { Client, Reply } from './client.ts';
import type { Promises } from './promises.ts';

export interface UsersOptions {
  readonly client: Client;
  readonly census: Census;
  readonly promises: Promises;
  readonly faultSource: FaultSource;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Jobs of one user under way at once. */
const AT_ONCE = 3;
const FEWEST_BOTS = 4;
const MOST_BOTS = 10;
/** A bot that is still there by then is asked away again: its deletion waits, or went back. */
const PATIENCE_MS = 4_000;
const PAUSE_MS = { min: 20, max: 250 } as const;
const MISCHIEF_IN_DELETES = 0.16;
const MISCHIEF_IN_PROVISIONS = 0.05;

export async function letUsersLive(
  town: readonly Townsman[],
  options: UsersOptions,
): Promise<void> {
  await Promise.all(town.map((who) => live(who, options)));
}

async function live(who: Townsman, options: UsersOptions): Promise<void> {
  const { census, signal } = options;
  const random = options.random.fork(who.uid);
  const day = {
    ...options,
    random,
    who,
    asked: new Map<string, number>(),
    jobs: new Set<string>(),
  };
  await pause(random.between(0, 2_000), signal);
  while (!signal.aborted) {
    for (const jobId of day.jobs) if (!census.isOpen(jobId)) day.jobs.delete(jobId);
    if (day.jobs.size < AT_ONCE) await act(day);
    await pause(random.between(PAUSE_MS.min, PAUSE_MS.max), signal);
  }
}

interface Day extends UsersOptions {
  readonly who: Townsman;
  /** When this user last asked for a bot's deletion, ms. */
  readonly asked: Map<string, number>;
  readonly jobs: Set<string>;
}

async function act(day: Day): Promise<void> {
  const { random, census, who, asked } = day;
  const bots = census.botsOf(who.uid);
  const draw = random.next();
  if (draw < 0.03) return sync(day);
  if (draw < 0.06) return askAgain(day);
  const nowMs = performance.now();
  const free = bots.filter(
    (id) => nowMs - (asked.get(id) ?? Number.NEGATIVE_INFINITY) > PATIENCE_MS,
  );
  const wantsMore = random.chance((MOST_BOTS - bots.length) / (MOST_BOTS - FEWEST_BOTS));
  if (free.length === 0 || wantsMore) return provision(day);
  await deleteOne(day, random.pick(free));
}

async function deleteOne(day: Day, instanceId: string | undefined): Promise<void> {
  if (instanceId === undefined) return;
  const { random, faultSource, promises, asked } = day;
  asked.set(instanceId, performance.now());
  if (random.chance(MISCHIEF_IN_DELETES)) {
    await faultSource.beforeDelete(instanceId).catch(() => undefined);
  }
  const times = random.chance(0.08) ? random.between(2, 4) : 1;
  const replies = await Promise.all(
    Array.from({ length: times }, () => ask(day, deletionOf(instanceId))),
  );
  const jobIds = replies.flatMap((reply) => jobOf(reply) ?? []);
  if (times > 1) promises.together(instanceId, jobIds);
  if (random.chance(0.05)) await cancel(day, jobIds[0]);
}

async function provision(day: Day): Promise<void> {
  const { random, faultSource, promises, who } = day;
  if (random.chance(MISCHIEF_IN_PROVISIONS)) {
    await faultSource.beforeProvision(who.pool).catch(() => undefined);
  }
  const key = randomUUID();
  const allocatedAmount = random.between(100, 9_999) / 100;
  const body = { botName: `Bot ${key.slice(0, 4)}`, allocatedAmount };
  const request = { method: 'POST', path: '/provision', body } as const;
  let reply: Reply | null = null;
  // Without an answer nobody knows whether there is a bot: the same key finds out.
  for (let attempt = 0; attempt < 3 && !day.signal.aborted; attempt += 1) {
    reply = await ask(day, { ...request, headers: { 'idempotency-key': key } });
    const jobId = jobOf(reply);
    if (jobId !== undefined) promises.keyed(key, jobId);
    if (reply !== null && reply.status < 500 && !random.chance(0.05)) break;
  }
  if (random.chance(0.05)) await cancel(day, jobOf(reply));
}

async function sync(day: Day): Promise<void> {
  await ask(day, { method: 'POST', path: '/sync-wallet' });
}

/** A late repeat of a deletion that is completed gets that job. */
async function askAgain(day: Day): Promise<void> {
  const { random, client, census, who } = day;
  const jobId = random.pick(census.completed().slice(-200));
  if (jobId === undefined || !jobId.startsWith('del-')) return;
  const job = await client.asAdmin({ method: 'GET', path: `/admin/sagas/${jobId}` });
  const { instanceId, firebaseUid = who.uid } = Object(job?.body?.input);
  if (job?.status !== 200 || typeof instanceId !== 'string') return;
  const again = await client.as(firebaseUid, deletionOf(instanceId));
  const named = jobOf(again);
  if (named === undefined) return;
  day.promises.repeated(jobId, named);
  if (named !== jobId) remember(day, named);
}

async function cancel(day: Day, jobId: string | undefined): Promise<void> {
  if (jobId === undefined) return;
  await pause(day.random.between(0, 100), day.signal);
  const path = `/jobs/${jobId}/cancel`;
  await ask(day, { method: 'POST', path });
}

const deletionOf = (instanceId: string) =>
  ({ method: 'DELETE', path: `/bots/${instanceId}` }) as const;

async function ask(day: Day, request: Parameters<Client['as']>[1]): Promise<Reply | null> {
  const reply = await day.client.as(day.who.uid, request);
  const jobId = jobOf(reply);
  if (jobId !== undefined) remember(day, jobId);
  return reply;
}

function remember({ promises, census, jobs }: Day, jobId: string): void {
  if (promises.jobs().has(jobId)) return;
  promises.named(jobId);
  census.watch(jobId);
  jobs.add(jobId);
}

function jobOf(reply: Reply | null): string | undefined {
  const isPromise = reply !== null && reply.status >= 200 && reply.status < 300;
  const jobId: unknown = isPromise ? reply.body?.jobId : undefined;
  return typeof jobId === 'string' ? jobId : undefined;
}
