// The pool states in MongoDB, for any number of processes on any number of hosts (`POOL_STATE=mongodb`).
// I4: what cannot be read whole is unknown. I5: a batch of changes is applied to the state of one revision, each
// behind its caller's fence, and written under the condition that the revision is still the same; else it begins
// anew, fences included. So a worker whose claim is old has either landed before the new one's first write, or
// never does.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SagaError, UnavailableError } from '@reclaim/saga';
import { createGroupCommit, messageOf, repeatableFailure } from '@reclaim/saga/mongodb';
import type { Db } from 'mongodb';
import { ok, type SourceAnswer, unknown } from '../../domain/source.ts';
import { applyAll, settle } from '../apply-mutations.ts';
import { passFences } from '../fences.ts';
import { unreadable } from '../file/pool-file-errors.ts';
import type { PoolFileLog } from '../file/pool-file-writer.ts';
import { createReadSharing, untilAborted } from '../file/read-sharing.ts';
import { createMutationQueue, type PendingMutation } from '../mutation-queue.ts';
import type { PoolState } from '../pool-state.ts';
import type { PoolScope, PoolStates } from '../pool-states.ts';
import { commitPoolDocuments } from './pool-documents-commit.ts';
import { createPoolDocumentsReader, type StoredAnswer } from './pool-documents-reader.ts';

export type MongoPoolStates = ReturnType<typeof createMongoPoolStates>;

/** Since the start. */
export interface PoolDocumentCounts {
  /** Times a changed state was written. */
  readonly writes: number;
  /** Writes begun anew because another process wrote at the same time. */
  readonly redone: number;
}

export interface MongoPoolStatesDeps {
  readonly db: Db;
  readonly now: () => Date;
  readonly log?: Pick<PoolFileLog, 'warn'>;
  /** Between 0 and 1, for the pauses of writers that meet. */
  readonly random?: () => number;
}

export function createMongoPoolStates(deps: MongoPoolStatesDeps) {
  const { db, now, log, random = Math.random } = deps;
  const reader = createPoolDocumentsReader(db, () => performance.now());
  const readShared = createReadSharing(() => reader.readAll());
  // Questions that wait together are one, about all of their parts: an answer may hold more than was asked for.
  const readPart = createGroupCommit<PoolScope, StoredAnswer>({
    maxBatch: MAX_QUESTIONS,
    flush: async (scopes) => {
      const answer = await readFor(scopes);
      return scopes.map(() => answer);
    },
  });
  const queue = createMutationQueue(writeNext);
  let writes = 0;
  let redone = 0;

  async function read({ signal, about }: Parameters<PoolStates['read']>[0]) {
    // Taken before the read, so that it is never later than what was read.
    const observedAt = now();
    const answer = await (about === undefined
      ? readShared(signal)
      : untilAborted(readPart(about).catch(unread), signal));
    if (answer.status === 'unknown') return unknown(`pool state ${WHERE}: ${answer.reason}`);
    const found: SourceAnswer<PoolState> = ok(answer.stored.state, observedAt);
    return found;
  }

  async function writeNext(): Promise<void> {
    const batch = queue.take();
    try {
      await writeBatch(batch);
    } catch (err) {
      const reason = err instanceof SagaError ? err : repeatableFailure(err);
      for (const pending of batch) pending.reject(reason);
    }
  }

  async function writeBatch(batch: readonly PendingMutation[]): Promise<void> {
    const deadline = performance.now() + CONTENTION_LIMIT_MS;
    for (let tries = 1; ; tries += 1) {
      const wanted = batch.filter((pending) => pending.isOpen());
      if (wanted.length === 0) return;
      const answer = await readFor(wanted.map(({ mutation }) => mutation.about));
      if (answer.status === 'unknown') throw unreadable(WHERE, answer.reason);
      const fenced = await passFences(wanted);
      if (fenced.length === 0) return;
      if (await applyAndCommit(answer, fenced)) return;
      redone += 1;
      if (performance.now() >= deadline) throw contended();
      await pause(random() * Math.min(2 ** tries, MAX_PAUSE_MS));
    }
  }

  function readFor(scopes: readonly (PoolScope | undefined)[]): Promise<StoredAnswer> {
    const scope = unionOf(scopes);
    return scope === undefined ? reader.readAll() : reader.readPart(scope);
  }

  /** False: another process wrote meanwhile. */
  async function applyAndCommit(
    { stored: base }: Extract<StoredAnswer, { status: 'ok' }>,
    fenced: readonly PendingMutation[],
  ): Promise<boolean> {
    const applied = applyAll(base.state, fenced);
    const isChanged = applied.state !== base.state;
    const after = isChanged ? { ...applied.state, updatedAt: now().toISOString() } : applied.state;
    const outcome = await commitPoolDocuments(db, {
      base,
      after,
      writeId: randomUUID(),
      now,
      onRowsBehind: (err) => log?.warn({ err }, 'rows of the pool state are behind it'),
    });
    if (outcome === 'overtaken') return false;
    if (isChanged) writes += 1;
    settle(fenced, applied.changedBy, after);
    return true;
  }

  return {
    read,
    mutate: queue.add,
    counts: (): PoolDocumentCounts => ({ writes, redone }),
    /** Reading still works afterwards. */
    close: queue.close,
  };
}

const WHERE = 'in MongoDB';

/** Parts of one command: more cost the database more than another command. */
const MAX_QUESTIONS = 50;

/** Too many wait: nothing was asked. */
const unread = (error: unknown) => unknown(messageOf(error));

/** As long as the file waits for its lock: below STOP_TIMEOUT_MS, so that a saga learns of it in time. */
const CONTENTION_LIMIT_MS = 10_000;
/** Some writes' time: two that met should not meet again. */
const MAX_PAUSE_MS = 64;

/** What all of them together are about; unset as soon as one is about everything. */
function unionOf(scopes: readonly (PoolScope | undefined)[]): PoolScope | undefined {
  const known = scopes.filter((scope) => scope !== undefined);
  if (known.length < scopes.length) return undefined;
  const all = (pick: (scope: PoolScope) => readonly string[] | undefined) => [
    ...new Set(known.flatMap((scope) => pick(scope) ?? [])),
  ];
  return {
    bots: all(({ bots }) => bots),
    users: all(({ users }) => users),
    pools: all(({ pools }) => pools),
    containers: all(({ containers }) => containers),
  };
}

function contended(): UnavailableError {
  const message = `the pool state was written by others for ${CONTENTION_LIMIT_MS} ms`;
  return new UnavailableError('POOL_STATE_CONTENDED', message);
}
