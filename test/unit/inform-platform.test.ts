// The platform deletes whatever has the id, whoever owns it: it is asked only where nothing but this very bot can have it.

import { expect, it } from 'vitest';
import type { StepCall } from '../../packages/saga/src/definition.ts';
import { BOT_CAPTURE, POOL_CAPTURE } from '../../src/deletion/captures.ts';
import { writeInput } from '../../src/deletion/delete-bot-input.ts';
import type { Wallets } from '../../src/deletion/ports/wallets.ts';
import { informPlatform } from '../../src/deletion/steps/inform-platform.ts';
import { type DeletionPorts, STEP } from '../../src/deletion/steps/step-ports.ts';
import type { DedicatedSighting } from '../../src/domain/bot.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { inertPorts } from '../support/inert-ports.ts';

const userId = toUserId('6500000000000000000000aa');
const SEEN: DedicatedSighting = {
  ...{ kind: 'dedicated', host: 'local', containerId: 'c1', containerName: 'freqtrade-bot-1' },
  ...{ labels: {}, running: true, paused: false, restartPolicy: 'no' },
};
const PRESENT = { status: 'present' } as Awaited<ReturnType<Wallets['readAllocation']>>;

interface Situation {
  readonly sightings?: readonly DedicatedSighting[];
  readonly foreign?: readonly string[];
  readonly hasForeign?: boolean;
  readonly isThereAgain?: boolean;
  readonly others?: number;
  readonly isOrphan?: boolean;
}

async function inform({
  sightings = [SEEN],
  foreign = [],
  hasForeign = false,
  isThereAgain = false,
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
    platform: {
      forgetBot: async (instanceId) => {
        asked.push(instanceId);
        return 'informed';
      },
    },
  };
  const policy = { onStopFailure: 'restore', stopTimeoutMs: 1_000 } as const;
  const bot = { userId, firebaseUid: null, instanceId: toInstanceId('bot-1') };
  const call = {
    input: writeInput({ ...bot, ...policy, ...(isOrphan && { orphan: { life: null } }) }),
    captures: {
      [STEP.stop]: BOT_CAPTURE.write({ sightings, foreign }),
      [STEP.pool]: POOL_CAPTURE.write({ entry: null, slot: null, hasForeign }),
    },
    signal: new AbortController().signal,
  };
  const { value } = await informPlatform(ports, call as unknown as StepCall);
  return { asked, value };
}

it('seen as this user’s alone, and no wallet holds it: asked', async () => {
  expect(await inform({})).toEqual({ asked: ['bot-1'], value: { platform: 'informed' } });
});

it.each<[string, Situation]>([
  ['it was not seen', { sightings: [] }],
  ['another user’s was seen beside it', { foreign: ['freqtrade-x'] }],
  ['the pool state has another user’s', { hasForeign: true }],
  ['a new life holds an allocation', { isThereAgain: true }],
  ['another wallet holds an allocation', { others: 1 }],
])('%s: withheld', async (_, situation) => {
  expect(await inform(situation)).toEqual({ asked: [], value: { platform: 'withheld' } });
});

it('an orphan: nothing is said of the platform', async () => {
  expect(await inform({ isOrphan: true })).toEqual({ asked: [], value: undefined });
});
