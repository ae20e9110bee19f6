// A stale entry goes as it was observed. The platform uses ids again: it gives the bot a slot before it starts a program and
// writes the money last, and that slot is a new bot's (I5).

import { expect, it } from 'vitest';
import type { Bots } from '../../src/bots/bots.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/source.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { ConfirmPorts } from '../../src/sync/confirm-bots.ts';
import { repairEntry } from '../../src/sync/repair-entries.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { poolStatesOver } from '../fakes/pool-states.ts';
import { EVERY_HOST_BELIEVED } from '../support/known-hosts.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';
import { driftNote, USER_ID } from '../support/samples.ts';

const UID = 'uid-1';
const BOT = toInstanceId(`${UID}-bot-1`);
const POOL = `${UID}-pool-1`;
const AT = '2026-11-30T12:00:00.000Z';

function stateWith(given: Partial<PoolState['botMapping'][string]> = {}): PoolState {
  return {
    pools: { [POOL]: samplePool(UID, [BOT]) },
    botMapping: { [BOT]: { ...sampleMapping(UID, BOT, 0), ...given } },
  };
}

/** @param meanwhile what the platform does to the file while Docker is asked. */
async function repair(
  given: PoolState,
  meanwhile: (state: PoolState) => PoolState = (same) => same,
) {
  const store = { pools: given };
  const bots: Bots = {
    ...inertPorts<Bots>(),
    locate: async () => {
      store.pools = meanwhile(store.pools);
      return ok([], new Date(0));
    },
  };
  const ports: ConfirmPorts = {
    ...inertPorts<ConfirmPorts>(),
    wallets: { ...inertPorts<ConfirmPorts['wallets']>(), otherHolders: async () => [] },
    ...{ bots, poolStates: poolStatesOver(store), hostExpectations: EVERY_HOST_BELIEVED },
  };
  const user = { userId: USER_ID, firebaseUid: toFirebaseUid(UID) };
  const { signal } = new AbortController();
  const call = { signal, fence: async () => undefined, at: AT, isAgain: false };
  const note = await repairEntry(ports, user, driftNote({ verdict: 'stale-entry' }), call);
  const { pools, botMapping } = store.pools;
  return { note, mapping: botMapping[BOT], listed: pools[POOL]?.bots };
}

it('nothing has changed: it is taken out', async () => {
  const { note, mapping, listed } = await repair(stateWith());
  expect(note.outcome).toBe('repaired');
  expect({ mapping, listed }).toEqual({ mapping: undefined, listed: [] });
});

it('its neighbour left, and its status was corrected meanwhile: it is taken out all the same', async () => {
  const neighbour = { [POOL]: samplePool(UID, [`${UID}-bot-9`, BOT]) };
  const { note } = await repair({ ...stateWith(), pools: neighbour }, () =>
    stateWith({ status: 'failed' }),
  );
  expect(note.outcome).toBe('repaired');
});

it('a new bot of the id got a slot while Docker was asked: the slot stays', async () => {
  const made = stateWith({ status: 'pending', createdAt: AT, port: 9001 });
  const { note, mapping, listed } = await repair(stateWith(), () => made);
  expect(note.outcome).toBe('resolved');
  expect({ mapping, listed }).toEqual({ mapping: made.botMapping[BOT], listed: [BOT] });
});

it('a new bot of the id is being made since it was confirmed: the slot stays', async () => {
  const made = stateWith({ status: 'pending', createdAt: AT });
  const { note, mapping } = await repair(made);
  expect(note).toMatchObject({ outcome: 'skipped', reason: 'pending' });
  expect(mapping).toEqual(made.botMapping[BOT]);
});
