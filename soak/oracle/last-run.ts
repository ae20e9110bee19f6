// A synchronisation of everybody that has nothing left to do changes nothing (I12). Health goes on meanwhile: its rounds
// write statuses, and restart a bot that crashed whenever its time has come. What it does is not the run's.

import { readFile } from 'node:fs/promises';
import { BSON, type Document } from 'mongodb';
import type { Environment } from '../environment.ts';
import { insist } from '../insist.ts';
import type { Verdict } from '../verdict.ts';

export interface Snapshot {
  /** By name: everything that a synchronisation could change, as text. */
  readonly contents: Readonly<Record<string, string>>;
  readonly restarts: readonly Restart[];
}

/** A saga of health's. */
export interface Restart {
  readonly id: string;
  readonly instanceId: string;
  readonly isOpen: boolean;
}

export async function takeSnapshot(environment: Environment): Promise<Snapshot> {
  const { db, poolStateFile } = environment;
  const restarts = await allRestarts(environment);
  const all = (name: string) => insist(() => db.collection(name).find().sort({ _id: 1 }).toArray());
  const [users, bots] = await Promise.all([all('users'), all('simulatedBots')]);
  const named = (kind: string, documents: readonly Document[]) =>
    documents.map((document) => [
      `${kind} ${document._id}`,
      BSON.EJSON.stringify(document, { relaxed: false }),
    ]);
  const ledger = await insist(() => db.collection('ledger').countDocuments(OURS));
  const contents = Object.fromEntries([
    ...named('user', users),
    ...named('bot', bots),
    ['pool state', withoutStatuses(await readFile(poolStateFile, 'utf8'))],
    ['ledger', String(ledger)],
  ]);
  return { contents, restarts };
}

const OURS = { source: 'reclaim' };

/** A pool state without what health writes into it. */
export function withoutStatuses(poolState: string): string {
  return JSON.stringify(JSON.parse(poolState), (name, value) =>
    name === 'status' || name === 'updatedAt' ? undefined : value,
  );
}

async function allRestarts({ db }: Environment): Promise<readonly Restart[]> {
  const sagas = db.collection('sagas');
  const found = await insist(() => sagas.find({ kind: 'restart-bot' }).toArray());
  return found.map(({ _id, input, open }) => ({
    id: String(_id),
    instanceId: String(input.instanceId),
    isOpen: open === true,
  }));
}

export function judgeLastRun(before: Snapshot, after: Snapshot, verdict: Verdict): void {
  const ended = new Set(before.restarts.filter(({ isOpen }) => !isOpen).map(({ id }) => id));
  const restarted = new Set(
    after.restarts.filter(({ id }) => !ended.has(id)).map(({ instanceId }) => instanceId),
  );
  const names = new Set([...Object.keys(before.contents), ...Object.keys(after.contents)]);
  for (const name of names) {
    if (before.contents[name] === after.contents[name]) continue;
    // `bot pooled:<id>`, `bot dedicated:<id>`
    if (name.startsWith('bot ') && restarted.has(name.slice(name.indexOf(':') + 1))) continue;
    verdict.violated('I12', `the last run over all users changed ${name}`);
  }
}
