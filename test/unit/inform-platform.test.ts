// The platform deletes whatever has the id, whoever owns it: it is asked only where nothing but this very bot can have it.

import { expect, it } from 'vitest';
import { toStepResult } from '../../packages/saga/src/define/outcome.ts';
import { informPlatform } from '../../src/deletion/steps/inform-platform.ts';
import {
  type DeletionCall,
  type DeletionPorts,
  STEP,
} from '../../src/deletion/steps/step-ports.ts';
import type { ObservedDedicated } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { findOwnEntry } from '../../src/pool-state/owned-entry.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { poolStatesOver } from '../fakes/pool-states.ts';
import { poolStateOf } from '../support/deletions.ts';
import { deletionInput } from '../support/samples.ts';

const userId = toUserId('6500000000000000000000aa');
const firebaseUid = toFirebaseUid('uid-one');
const OBSERVED: ObservedDedicated = {
  ...{ kind: 'dedicated', host: 'local', containerId: 'c1', containerName: 'freqtrade-bot-1' },
  ...{ labels: {}, running: true, paused: false, restartPolicy: 'no' },
};
const PRESENT = { status: 'present' } as Awaited<ReturnType<Wallets['readAllocation']>>;

const ID = 'uid-one-bot-2';
const BEFORE = poolStateOf('uid-one');
const { slot } = findOwnEntry(BEFORE, toInstanceId(ID), { userId, firebaseUid });

function stateWith(createdAt: string | undefined): PoolState {
  const mapping = BEFORE.botMapping[ID];
  if (createdAt === undefined || mapping === undefined)
    return { ...BEFORE, pools: {}, botMapping: {} };
  return { ...BEFORE, botMapping: { [ID]: { ...mapping, createdAt } } };
}

interface Situation {
  readonly observedBots?: readonly ObservedDedicated[];
  readonly foreign?: readonly string[];
  readonly hasForeign?: boolean;
  readonly isThereAgain?: boolean;
  /** When the platform gave it the place that the state has now; default: it has none. */
  readonly placedAt?: string;
  readonly others?: number;
  readonly isOrphan?: boolean;
}

async function inform({
  observedBots = [OBSERVED],
  foreign = [],
  hasForeign = false,
  isThereAgain = false,
  placedAt,
  others = 0,
  isOrphan = false,
}: Situation) {
  const asked: string[] = [];
  const ports: DeletionPorts = {
    ...inertPorts<DeletionPorts>(),
    wallets: {
      ...inertPorts<Wallets>(),
      readAllocation: async () =>
        isThereAgain ? PRESENT : { status: 'absent', firebaseUid: null },
      otherHolders: async () => Array.from({ length: others }, () => userId),
    },
    poolStates: poolStatesOver({ pools: stateWith(placedAt) }),
    platform: {
      forgetBot: async (instanceId) => {
        asked.push(instanceId);
        return 'informed';
      },
    },
  };
  const bot = { userId, firebaseUid, instanceId: toInstanceId(ID) };
  const call = {
    ...inertPorts<DeletionCall>(),
    input: deletionInput({ ...bot, ...(isOrphan && { orphan: { incarnationId: null } }) }),
    captures: {
      [STEP.stop]: { observedBots, foreign },
      [STEP.pool]: { entry: null, slot, hasForeign },
    },
    signal: new AbortController().signal,
    startedAtMs: 0,
  };
  const { value } = toStepResult(await informPlatform(ports, call));
  return { asked, value };
}

it.each<[string, Situation]>([
  ['no wallet holds it', {}],
  ['its place was written back from memory', { placedAt: slot?.placedAt ?? '' }],
])('seen as this user’s alone, and %s: asked', async (_, situation) => {
  expect(await inform(situation)).toEqual({ asked: [ID], value: { platform: 'informed' } });
});

it.each<[string, Situation]>([
  ['it was not seen', { observedBots: [] }],
  ['another user’s was seen beside it', { foreign: ['freqtrade-x'] }],
  ['the pool state has another user’s', { hasForeign: true }],
  ['a new incarnation holds an allocation', { isThereAgain: true }],
  ['another wallet holds an allocation', { others: 1 }],
  ['the platform has given it a place anew', { placedAt: '2026-10-03T00:00:00.000Z' }],
])('%s: withheld', async (_, situation) => {
  expect(await inform(situation)).toEqual({ asked: [], value: { platform: 'withheld' } });
});

it('an orphan: nothing is said of the platform', async () => {
  expect(await inform({ isOrphan: true })).toEqual({ asked: [], value: null });
});
