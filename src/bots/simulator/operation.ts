// One operation of the bots' port, as the daemon behind it knows it. The real logic makes four to twenty calls of it,
// which together are one operation where faults are counted, and cost the world one read and one write: what one call has
// found the next one finds too, with the operation's own changes, which go out together at its end. A question that is
// asked again waits for a change, and is answered anew. I5: the fence that was asked before a change is asked right before
// that change goes out.

import { AsyncLocalStorage } from 'node:async_hooks';
import { InDoubtError } from '@reclaim/saga';
import type { FencedCall } from '../bots.ts';
import type { ContainerFilters } from './container-filters.ts';
import { KEYS, type WorldCalls, type WorldChange, type WorldQuery } from './world-calls.ts';
import type { InjectedFault, WorldDocument } from './world-documents.ts';

export interface Subject {
  readonly kind: 'read' | 'change' | 'start';
  /** The bot that it is about; null: none in particular. */
  readonly instanceId: string | null;
  /** Fetched with the first read. */
  readonly about: WorldQuery;
}

export interface Operation extends Pick<Subject, 'kind' | 'instanceId'> {
  /** What is known of the world, with at least what the query asks for.
   * @param question what the daemon was asked. */
  readonly find: (query: WorldQuery, question: string) => Promise<Known>;
  /** The same of what stands on a host, with its pools' programs; with a limit some of what the filters name. */
  readonly findHost: (host: string, filters: ContainerFilters, limit?: number) => Promise<Known>;
  /** What a document is from now on, one that is not known a new one. */
  readonly put: (document: WorldDocument) => Promise<void>;
  readonly remove: (document: WorldDocument) => Promise<void>;
  /** Sends what has changed: before a wait, and at the end. @throws InDoubtError when MongoDB does not answer. */
  readonly flush: () => Promise<void>;
  /** Whether the fault is met; a counted one is used up by the operation, however many of its calls meet it. */
  readonly meets: (document: WorldDocument, fault: keyof InjectedFault) => Promise<boolean>;
}

export type Known = ReadonlyMap<string, WorldDocument>;

/** The call, with a fence that is asked before the next write. */
export type Fenced = (call: FencedCall) => FencedCall;

export interface Operations {
  readonly run: <T>(subject: Subject, work: (fenced: Fenced) => Promise<T>) => Promise<T>;
  /** The one that the caller is in; a new one for a call that is in none. */
  readonly current: () => Operation;
}

export function createOperations(calls: WorldCalls): Operations {
  const running = new AsyncLocalStorage<OpenOperation>();
  return {
    run: async (subject, work) => {
      const operation = createOperation(calls, subject);
      try {
        return await running.run(operation, () => work(operation.fenced));
      } finally {
        await operation.end();
      }
    },
    current: () => running.getStore() ?? createOperation(calls, NONE),
  };
}

const NONE: Subject = { kind: 'read', instanceId: null, about: {} };

interface OpenOperation extends Operation {
  readonly fenced: Fenced;
  /** What is still to come of it, from a call that was not waited for, goes out at once. */
  readonly end: () => Promise<void>;
}

function createOperation(calls: WorldCalls, { about, ...subject }: Subject): OpenOperation {
  const met = new Set<string>();
  const known = new Map<string, WorldDocument>();
  /** What was asked for, by field: it is known, or not there. */
  const asked = new Map<string, Set<string>>();
  const questions = new Set<string>();
  /** Those that were changed since the last write, as they were stored. */
  const changed = new Map<string, WorldDocument | undefined>();
  let fence: FencedCall['fence'] | undefined;
  let refusal: unknown;
  let hasEnded = false;

  const learn = (query: WorldQuery, documents: readonly WorldDocument[]) => {
    for (const key of KEYS) for (const value of query[key] ?? []) addTo(asked, key, value);
    for (const document of documents) {
      known.set(document._id, document);
      if ('containerId' in document) addTo(asked, 'containerId', document.containerId);
    }
  };
  const isKnown = (query: WorldQuery) => {
    for (const key of KEYS) {
      const all = asked.get(key);
      for (const value of query[key] ?? []) if (all?.has(value) !== true) return false;
    }
    return true;
  };
  const flush = async () => {
    if (changed.size === 0) return;
    const writes = [...changed].flatMap(([_id, before]) => writeOf(before, known.get(_id)));
    changed.clear();
    await fence?.().catch((error: unknown) => {
      // Inside a session it would be one that has ended.
      refusal = error;
      throw error;
    });
    fence = undefined;
    await calls.change(writes).catch((cause: unknown) => {
      throw new InDoubtError('SIMULATOR_IN_DOUBT', 'the simulated world was not written', {
        cause,
      });
    });
  };
  const change = async (_id: string, after: WorldDocument | null) => {
    if (!changed.has(_id)) changed.set(_id, known.get(_id));
    if (after === null) known.delete(_id);
    else learn({}, [after]);
    questions.clear();
    if (hasEnded) await flush();
  };

  return {
    ...subject,
    find: async (query, question) => {
      if (questions.has(question)) {
        await flush();
        for (const all of [known, asked, questions]) all.clear();
      }
      questions.add(question);
      if (isKnown(query)) return known;
      const wanted = asked.size === 0 ? joined(query, about) : query;
      learn(wanted, await calls.read(wanted));
      return known;
    },
    findHost: async (host, filters, limit) => {
      const documents = await calls.readHost(host, filters, limit);
      const pool = documents.flatMap((one) => (one.kind === 'pool' ? [one.containerName] : []));
      learn(limit === undefined ? { pool } : {}, documents);
      return known;
    },
    put: (document) => change(document._id, document),
    remove: ({ _id }) => change(_id, null),
    flush,
    fenced: (call) => ({
      ...call,
      fence: async () => {
        fence = call.fence;
      },
    }),
    end: async () => {
      hasEnded = true;
      await flush();
      if (refusal !== undefined) throw refusal;
    },
    meets: async ({ _id, injectFaults }, fault) => {
      const key = `${_id} ${fault}`;
      if (met.has(key)) return true;
      const times = injectFaults?.[fault];
      if (times !== true && !(typeof times === 'number' && times > 0)) return false;
      met.add(key);
      if (times === true) return true;
      const counter = `injectFaults.${fault}`;
      const filter = { _id, [counter]: { $gt: 0 } };
      await calls.change([{ updateOne: { filter, update: { $inc: { [counter]: -1 } } } }]);
      return true;
    },
  };
}

function addTo(sets: Map<string, Set<string>>, field: string, value: string): void {
  const all = sets.get(field);
  if (all === undefined) sets.set(field, new Set([value]));
  else all.add(value);
}

/** What differs, and only while it is the same container, or the bot in the same pool: others write the rest. */
function writeOf(before?: WorldDocument, after?: WorldDocument): readonly WorldChange[] {
  const document = before ?? after;
  if (document === undefined) return [];
  const filter = { _id: document._id };
  if (before === undefined) {
    const { _id, ...fields } = document;
    return [{ updateOne: { filter, update: { $set: fields }, upsert: true } }];
  }
  const { containerId, pool }: { containerId?: string; pool?: string } = before as object;
  const own = pool === undefined ? { ...filter, containerId } : { ...filter, pool };
  if (after === undefined) return [{ deleteOne: { filter: own } }];
  const differs = ([field, value]: [string, unknown]) => Reflect.get(before, field) !== value;
  const fields = Object.fromEntries(Object.entries(after).filter(differs));
  return [{ updateOne: { filter: own, update: { $set: fields } } }];
}

function joined(one: WorldQuery, other: WorldQuery): WorldQuery {
  const all: Record<string, readonly string[]> = { ...one };
  for (const [field, values] of Object.entries(other)) {
    all[field] = [...(all[field] ?? []), ...values];
  }
  return all;
}
