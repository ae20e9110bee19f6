// A worker that slept through its own saga's settlement and goes on with the lock: it finds its allocation settled,
// which is no news of anything that came back.

import { expect, it } from 'vitest';
import { FencedError, TerminalError } from '../../packages/saga/src/errors.ts';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { STORED_VALUES } from '../../src/bots/bot-valuation.ts';
import { lockAllocation } from '../../src/deletion/steps/lock-allocation.ts';
import {
  type DeletionCall,
  type DeletionPorts,
  STEP,
} from '../../src/deletion/steps/step-ports.ts';
import type { Finding } from '../../src/findings/findings.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { allocationCapture, deletionInput } from '../support/samples.ts';

const ID = toSagaId('del-0mvx2cqo0dqqe9xwr1uq2r');
const EPOCH = 1;

async function lock(fence: () => Promise<void>) {
  const reported: unknown[] = [];
  const findings = { report: async (finding: Finding) => void reported.push(finding) };
  const tombstones = { open: async () => ({ status: 'already-settled', sagaId: ID }) };
  const wallets = { lock: async () => ({ status: 'locked', value: 250.5 }) };
  const known = { findings, tombstones, wallets, valuation: STORED_VALUES };
  const ports = { ...inertPorts<DeletionPorts>(), ...known };
  const call = { ...inertPorts<DeletionCall>(), ...facts(), fence };
  const step = lockAllocation(ports as unknown as DeletionPorts);
  const error = await step.run(call).catch((thrown: unknown) => thrown);
  return { reported, error };
}

function facts(): Partial<DeletionCall> {
  return {
    sagaId: ID,
    epoch: EPOCH,
    input: deletionInput(),
    captures: { [STEP.lock]: allocationCapture() },
    results: {},
  };
}

it('its claim is gone: fenced, and nothing is reported (I5)', async () => {
  const fenced = new FencedError(ID, EPOCH);
  const { reported, error } = await lock(() => Promise.reject(fenced));
  expect(error).toBe(fenced);
  expect(reported).toEqual([]);
});

it('its claim holds: what came back is reported, and not paid (I2)', async () => {
  const { reported, error } = await lock(async () => undefined);
  expect(error).toBeInstanceOf(TerminalError);
  expect(reported).toEqual([expect.objectContaining({ kind: 'resurrected' })]);
});
