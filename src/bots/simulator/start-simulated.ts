// Starting a bot in the simulated world, with the rules of the real one: a pool must exist and run, an image
// must exist, a container's name is given once, and what runs already as ordered is left alone.

import { RetryableError, TerminalError } from '@reclaim/saga';
import type { ObservedDedicated, ObservedPooled } from '../../domain/bot.ts';
import type { BotPlace, FencedCall, StartOrder } from '../bots.ts';
import { refuseDead, type Simulation } from './simulation.ts';
import {
  type DedicatedDocument,
  dedicatedKey,
  newContainerId,
  type PoolDocument,
  type PooledDocument,
  pooledKey,
  toObservedDedicated,
  toObservedPooled,
  type WorldDocument,
} from './world-documents.ts';

type Pooled = Extract<BotPlace, { kind: 'pooled' }>;
type Dedicated = Extract<BotPlace, { kind: 'dedicated' }>;

export async function startSimulatedPooled(
  { apply, injectedFaults }: Simulation,
  { instanceId }: StartOrder,
  { host, containerName, port }: Pooled,
  met: readonly WorldDocument[],
  call: FencedCall,
): Promise<ObservedPooled> {
  const pool = met.find(
    (one): one is PoolDocument =>
      one.kind === 'pool' && one.containerName === containerName && one.host === host,
  );
  if (pool === undefined) {
    const message = `there is no pool container ${containerName} on host "${host}"`;
    throw new TerminalError('NO_SUCH_POOL', message);
  }
  if (!pool.running) {
    throw new RetryableError('POOL_NOT_RUNNING', `pool container ${containerName} does not run`);
  }
  refuseDead(met);
  const found = met.find((one): one is PooledDocument => one.kind === 'pooled');
  if (found?.conf === 'aside') {
    throw new TerminalError('BOT_PUT_ASIDE', `${instanceId} was put aside by a deletion`);
  }
  const fails = await injectedFaults.refusesToStart(met);
  const state = { conf: 'present', program: fails ? 'FATAL' : 'RUNNING' } as const;
  const bot = { kind: 'pooled', instanceId, pool: containerName, port, ...state } as const;
  const isUp = found?.conf === 'present' && found.program === 'RUNNING';
  if (!isUp) {
    const filter = { _id: pooledKey(instanceId) };
    await apply({ updateOne: { filter, update: { $set: bot }, upsert: true } }, met, call);
  }
  if (!fails) return toObservedPooled({ ...bot, _id: pooledKey(instanceId) }, pool);
  const message = `the program of ${instanceId} did not come up: FATAL`;
  throw new RetryableError('PROGRAM_DID_NOT_START', message);
}

export async function startSimulatedDedicated(
  { apply, injectedFaults }: Simulation,
  order: StartOrder,
  { host, image }: Dedicated,
  {
    met,
    images,
    call,
  }: {
    readonly met: readonly WorldDocument[];
    /** Null: every image exists. */
    readonly images: ReadonlySet<string> | null;
    readonly call: FencedCall;
  },
): Promise<ObservedDedicated> {
  const found = met.find((one): one is DedicatedDocument => one.kind === 'dedicated');
  if (found !== undefined && !isOwn(found, order, host)) {
    const message = `container ${found.containerName} belongs to somebody else`;
    throw new TerminalError('NAME_TAKEN', message);
  }
  if (found?.running && !found.paused) return toObservedDedicated(found);
  if (found === undefined && images !== null && !images.has(image)) {
    throw new TerminalError('NO_SUCH_IMAGE', `host "${host}" has no image ${image}`);
  }
  const fails = await injectedFaults.refusesToStart(met);
  const state = { running: !fails, paused: false };
  const made = found ?? newDedicated(order, host);
  const filter = { _id: made._id };
  const { _id, ...fields } = { ...made, ...state };
  await apply({ updateOne: { filter, update: { $set: fields }, upsert: true } }, met, call);
  if (!fails) return toObservedDedicated({ ...made, ...state });
  throw new RetryableError('CONTAINER_DID_NOT_START', `${made.containerName} does not stay up`);
}

function isOwn({ labels, host }: DedicatedDocument, order: StartOrder, onHost: string): boolean {
  const isLabelled = labels.instanceId === order.instanceId && labels.userId === order.firebaseUid;
  return isLabelled && host === onHost;
}

function newDedicated({ instanceId, firebaseUid }: StartOrder, host: string): DedicatedDocument {
  return {
    _id: dedicatedKey(instanceId),
    kind: 'dedicated',
    instanceId,
    host,
    containerId: newContainerId(),
    containerName: `freqtrade-${instanceId}`,
    labels: { instanceId, userId: firebaseUid },
    running: false,
    paused: false,
    restartPolicy: 'unless-stopped',
  };
}
