// A run makes room before it fills it: a lost entry comes back when the places that the same run gives free are free, else
// it would be left out for want of one, and the next run would find it once more (I12).

import { expect, it } from 'vitest';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import { RECLAIM_ORPHAN } from '../../src/deletion/reclaim-orphan.ts';
import { takeOutOwn } from '../../src/pool-state/owned-entry.ts';
import { type RepairCall, repairDrift } from '../../src/sync/repair-drift.ts';
import type { SyncPorts } from '../../src/sync/sync-ports.ts';
import type { DriftNote } from '../../src/sync/sync-reports.ts';
import { isListed } from '../fakes/bot-world.ts';
import { addPlace, createShared, portsOver } from '../fakes/places.ts';
import { RULES } from '../fakes/wallet-world.ts';
import { driftNote } from '../support/samples.ts';
import { namesOf } from '../support/simulation/plot.ts';

const CHILD: SagaId = toSagaId('rcl-aaaaaaaaaaaaaaaa');
const DELETION: SagaId = toSagaId('del-aaaaaaaaaaaaaaaa');
const CALL: RepairCall = {
  ...{ runId: toSagaId('syn-aaaaaaaaaaaaaaaa'), at: '2026-11-01T00:00:00.000Z', isAgain: false },
  ...{ fence: async () => undefined, signal: new AbortController().signal },
};

/** A pool with one place, which a bot that is nowhere has, and beside it a bot that has lost its own. */
function fullPool(isOrphan: boolean) {
  const shared = createShared(() => 0);
  const lost = addPlace(shared, namesOf(0, 1), {
    bot: { isRunning: true, isListed: false, slotIndex: 0, capacity: 1 },
    ...{ hasMoney: true, rules: RULES },
  });
  const other = addPlace(shared, namesOf(0, 2), {
    bot: { isRunning: false, isListed: true, slotIndex: 1, capacity: 1 },
    ...{ hasMoney: isOrphan, rules: RULES },
  });
  const child = { id: CHILD, kind: RECLAIM_ORPHAN, state: { phase: 'running', steps: [] } };
  const sagas = {
    find: async () => child,
    findHolders: async (keys: readonly string[]) =>
      new Map(keys.filter(() => held.isHeld).map((key) => [key, DELETION])),
    childId: () => CHILD,
    start: async () => ({ status: 'inserted', saga: child }),
  };
  const held = { isHeld: false };
  const ports = { ...portsOver(shared), sagas };
  const report = [
    driftNote(lost.names),
    driftNote({ ...other.names, verdict: isOrphan ? 'orphan' : 'stale-entry' }),
  ];
  return {
    lost,
    report,
    beginDeletion: () => {
      held.isHeld = true;
    },
    repair: (before: readonly DriftNote[]) =>
      repairDrift(ports as unknown as SyncPorts, namesOf(0, 1), before, CALL),
    endChild: () => {
      child.state.phase = 'completed';
      const { instanceId } = other.names;
      shared.ground.pools = takeOutOwn(shared.ground.pools, instanceId, other.names);
    },
  };
}

const outcomesOf = ({ report }: { readonly report: readonly DriftNote[] }) =>
  report.map(({ outcome, reason }) => reason ?? outcome);

it('the only place is that of a stale entry: it goes first, and the lost entry comes back', async () => {
  const { lost, report, repair } = fullPool(false);
  expect(outcomesOf(await repair(report))).toEqual(['repaired', 'repaired']);
  expect(isListed(lost.bot)).toBe(true);
});

it("the only place is an orphan's: the lost entry waits for the reclaiming, and comes back", async () => {
  const { report, repair, endChild } = fullPool(true);
  const waiting = await repair(report);
  expect([outcomesOf(waiting), waiting.isUnderWay]).toEqual([['confirmed', 'confirmed'], true]);
  endChild();
  expect(outcomesOf(await repair(waiting.report))).toEqual(['repaired', 'resolved']);
});

it('a deletion of the lost bot began while the run waited: its entry does not come back behind it', async () => {
  const { lost, report, repair, beginDeletion } = fullPool(false);
  beginDeletion();
  const { report: repaired } = await repair(report);
  expect(repaired[0]).toMatchObject({ outcome: 'skipped', reason: 'open-saga', detail: DELETION });
  expect(isListed(lost.bot)).toBe(false);
});
