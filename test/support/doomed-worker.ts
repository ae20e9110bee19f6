// A worker process that is killed in the middle of a step, and one that finishes after it. What the doomed one sends to
// MongoDB goes over a wire of its own, which can hold a command back.

import { lstatSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import type { SagaId } from '../../packages/saga/src/saga-id.ts';
import { holderPathOf } from '../../src/infra/kernel-lock.ts';
import { startWorkers } from '../../src/main/compose/workers.ts';
import type { TestApplication } from './application.ts';
import { isInMongodb } from './deletions.ts';
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { waitFor } from './wait-for.ts';
import { holdPoolStateLock, type KillableProcess, startWorkerProcess } from './worker-process.ts';

export interface DoomedWorker {
  readonly app: TestApplication;
  readonly wire: TcpProxy;
  start(): Promise<KillableProcess>;
  /** Resolves when this step of the saga has this status. */
  at(id: SagaId, step: string, status: string): Promise<unknown>;
  /** Another worker, in this process. @returns the saga when it has ended. */
  finishedByNext(id: SagaId): Promise<SagaRecord>;
}

/** @param app the API alone: no worker runs until a test starts one. */
export async function createDoomedWorker(app: TestApplication): Promise<DoomedWorker> {
  const uri = new URL(app.env.MONGODB_URI ?? '');
  const wire = await createTcpProxy({ host: uri.hostname, port: Number(uri.port) });
  uri.host = `127.0.0.1:${wire.port}`;
  const { log } = app.services.engine;
  return {
    app,
    wire,
    start: () => startWorkerProcess({ ...app.env, MONGODB_URI: uri.href }),
    at: (id, step, status) =>
      waitFor(`${step} to be ${status}`, async () => {
        const saga = await log.find(id);
        return saga?.state.steps.some((one) => one.name === step && one.status === status);
      }),
    finishedByNext: (id) => {
      const workers = startWorkers(app.services, ['deletion', 'sync', 'relay']);
      onTestFinished(() => workers.stop());
      return waitFor('the saga to end', async () => {
        const saga = await log.find(id);
        return saga !== null && !saga.open && saga;
      });
    },
  };
}

/** What a command of the driver begins with on the wire. */
export function command(verb: 'update' | 'delete', collection: string): string {
  return `\x02${verb}\0${String.fromCharCode(collection.length + 1)}\0\0\0${collection}\0`;
}

/** Something in the way of a step's effect. */
export interface Obstacle {
  /** Resolves when the worker stands before it. */
  reached(): Promise<unknown>;
  lift(): Promise<void>;
}

export type Obstruct = (doomed: DoomedWorker) => Promise<Obstacle>;

export const holdCommand =
  (...texts: readonly string[]): Obstruct =>
  async ({ wire }) => {
    const held = wire.holdBefore(...texts);
    return { reached: () => held, lift: async () => undefined };
  };

/** The lock of the file, or the one write that carries a change to MongoDB. */
export const holdPoolState: Obstruct = async (doomed) => {
  const { app } = doomed;
  if (isInMongodb(app)) return holdCommand(command('update', 'poolState'))(doomed);
  const holder = await holdPoolStateLock(app.poolStateFile);
  // A link to nothing: `existsSync` would follow it.
  const turn = holderPathOf(`${app.poolStateFile}.lock.turn`);
  const isTurnTaken = () => lstatSync(turn, { throwIfNoEntry: false }) !== undefined;
  return {
    // The worker that waits for the lock has taken its turn.
    reached: () => waitFor('a worker to wait for the lock', isTurnTaken),
    lift: () => holder.letGo(),
  };
};
