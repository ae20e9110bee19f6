// A deletion that goes back, beside a platform that has given the port of its bot to another one meanwhile: two entries with
// one port would send the requests for one bot to the other.

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

async function putBackInto(state: PoolState) {
  const store = { pools: state };
  const ports = { ...inertPorts<DeletionPorts>(), poolStates: poolStatesOver(store) };
  const call = {
    ...inertPorts<DeletionCall>(),
    input: deletionInput({ ...owner, instanceId }),
    capture: findOwnEntry(BEFORE, instanceId, owner),
    signal: new AbortController().signal,
    fence: async () => undefined,
  };
  const result = await updatePoolState(ports).compensate(call);
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
