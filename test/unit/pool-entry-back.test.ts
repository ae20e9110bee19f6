// The step that takes a bot out of the pool state, beside a platform that has given its port to another bot meanwhile (two
// entries with one port would send the requests for one bot to the other), or its id to a new one.

import { expect, it } from 'vitest';
import type { DeletionCall, DeletionPorts } from '../../src/deletion/steps/step-ports.ts';
import { updatePoolState } from '../../src/deletion/steps/update-pool-state.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { findOwnEntry } from '../../src/pool-state/owned-entry.ts';
import { type PoolState, takeOut } from '../../src/pool-state/pool-state.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { poolStatesOver } from '../fakes/pool-states.ts';
import { poolStateOf } from '../support/deletions.ts';
import { deletionInput, USER_ID } from '../support/samples.ts';

const firebaseUid = toFirebaseUid('uid-one');
const owner = { userId: USER_ID, firebaseUid };
const instanceId = toInstanceId('uid-one-bot-2');
const BEFORE = poolStateOf('uid-one');
const TAKEN_OUT = takeOut(BEFORE, instanceId);

function stepOn(state: PoolState) {
  const store = { pools: state };
  const ports = { ...inertPorts<DeletionPorts>(), poolStates: poolStatesOver(store) };
  const call = {
    ...inertPorts<DeletionCall>(),
    input: deletionInput({ ...owner, instanceId }),
    capture: findOwnEntry(BEFORE, instanceId, owner),
    captures: {},
    nowMs: () => Date.now(),
    signal: new AbortController().signal,
    fence: async () => undefined,
  };
  return { store, call, step: updatePoolState(ports) };
}

async function putBackInto(state: PoolState) {
  const { store, call, step } = stepOn(state);
  const result = await step.compensate(call);
  return { now: store.pools, codes: result?.warnings.map(({ code }) => code) };
}

it('nothing stands where it stood: the state is as before', async () => {
  const { now, codes } = await putBackInto(TAKEN_OUT);
  expect([now, codes]).toEqual([{ ...BEFORE, updatedAt: now.updatedAt }, undefined]);
});

it('another bot has its port by now: the state is left alone, and the job says so', async () => {
  const mapping = BEFORE.botMapping[instanceId];
  if (mapping === undefined) throw new Error('unreachable');
  const rival = 'uid-one-bot-9';
  const taken = {
    ...TAKEN_OUT,
    botMapping: { ...TAKEN_OUT.botMapping, [rival]: { ...mapping, instanceId: rival } },
  };
  const { now, codes } = await putBackInto(taken);
  expect([now, codes]).toEqual([taken, ['entry-not-restored']]);
});

it('a new bot of its id has a place by now: it stays as it is, in every direction', async () => {
  const poolId = 'uid-one-pool-2';
  const [first] = Object.values(BEFORE.pools);
  const mapping = BEFORE.botMapping[instanceId];
  if (first === undefined || mapping === undefined) throw new Error('unreachable');
  const placed: PoolState = {
    ...TAKEN_OUT,
    pools: { ...TAKEN_OUT.pools, [poolId]: { ...first, id: poolId, bots: [instanceId] } },
    botMapping: {
      ...TAKEN_OUT.botMapping,
      [instanceId]: { ...mapping, poolId, port: 9010, createdAt: '2026-10-02T09:31:00.000Z' },
    },
  };
  const { store, call, step } = stepOn(placed);
  await step.run(call);
  expect(store.pools).toBe(placed);
  expect(await step.observe(call)).toMatchObject({ outcome: 'landed' });
  expect(await step.compensate(call)).toBeUndefined();
  expect(store.pools).toBe(placed);
});
