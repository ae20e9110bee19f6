// A bot that was paid back gets no entry again, although a stale copy has brought its allocation back and Docker still
// shows it: what stands there is its tombstone's, and an administrator decides about the allocation (I1).

import { expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { confirmBot } from '../../src/sync/confirm-bots.ts';
import type { DriftNote } from '../../src/sync/sync-reports.ts';
import type { AccountAllocation } from '../../src/wallet/mongodb/accounts.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { addPlace, createShared, portsOver } from '../fakes/places.ts';
import { INCARNATION, RULES } from '../fakes/wallet-world.ts';
import { driftNote } from '../support/samples.ts';
import { namesOf } from '../support/simulation/plot.ts';

const SAGA = toSagaId('del-aaaaaaaaaaaaaaaa');
const CALL = { signal: new AbortController().signal };

/** The second observation of a bot that runs, with money and without an entry. @param isSettled a tombstone has settled it. */
async function confirm(isSettled: boolean) {
  const shared = createShared(() => 0);
  const { names } = addPlace(shared, namesOf(0, 1), {
    bot: { isRunning: true, isListed: false, slotIndex: 0, capacity: 1 },
    ...{ hasMoney: true, rules: RULES },
  });
  const { userId, instanceId } = names;
  const ports = portsOver(shared);
  if (isSettled) {
    const incarnation = { userId, instanceId, incarnationId: INCARNATION };
    const target = { incarnation, sagaId: SAGA, epoch: 1 };
    const observed = { observedBots: null, observedInPart: false, slot: null };
    const opened = { ...observed, firebaseUid: null, hadAllocation: true, mayTakeOver: [] };
    await ports.tombstones.open({ ...target, ...opened });
    await ports.tombstones.settle(target);
  }
  const held = { ...inertPorts<AccountAllocation>(), ...ALLOCATED, instanceId };
  const before = { held, holder: undefined, nowMs: 0 };
  return (await confirmBot(ports, names, noteOf(names), before, CALL)).note;
}

const ALLOCATED = { allocatedAt: INCARNATION, allocatedAmount: 250.5, botName: 'bot' };

function noteOf({ instanceId }: Pick<DriftNote, 'instanceId'>): DriftNote {
  const facts = JSON.stringify([INCARNATION, 250.5, 'bot']);
  const allocation = { incarnationId: null, value: 250.5, facts };
  return driftNote({ instanceId, outcome: 'observed', second: null, allocation });
}

it('its incarnation was settled: it is left alone, and named as returned', async () => {
  expect(await confirm(true)).toMatchObject({
    ...{ outcome: 'skipped', reason: 'settled', detail: SAGA },
    allocation: { incarnationId: INCARNATION },
  });
});

it('nothing has settled it: its entry is lost, and may be made again', async () => {
  expect(await confirm(false)).toMatchObject({ outcome: 'confirmed', reason: null });
});
