// A bot whose deletion has paid and is not over yet has no money and is still there: that is no ghost, and nobody has to be
// told of it (I9).

import { expect, it } from 'vitest';
import { type SagaId, toSagaId } from '../../packages/saga/src/saga-id.ts';
import { type ConfirmationPorts, confirmBots } from '../../src/sync/confirm-bots.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { driftNote, USER_ID } from '../support/samples.ts';

const DELETION = toSagaId('del-aaaaaaaaaaaaaaaa');
const CALL = { signal: new AbortController().signal, nowMs: 0 };
const GHOST = driftNote({ verdict: 'ghost', outcome: 'reported', second: null });

async function confirm(holder: SagaId | null) {
  const ports: ConfirmationPorts = {
    ...inertPorts<ConfirmationPorts>(),
    accounts: { ...inertPorts<ConfirmationPorts['accounts']>(), find: async () => null },
    sagas: {
      ...inertPorts<ConfirmationPorts['sagas']>(),
      findHolders: async (keys) =>
        new Map(holder === null ? [] : keys.map((key) => [key, holder] as const)),
    },
  };
  const user = { userId: USER_ID, firebaseUid: null };
  return (await confirmBots(ports, user, { drifts: [GHOST], conflicts: [] }, CALL)).drifts;
}

it('a job holds it: left to the job, by its id', async () => {
  const left = { outcome: 'skipped', reason: 'open-saga', detail: DELETION };
  expect(await confirm(DELETION)).toEqual([{ ...GHOST, ...left }]);
});

it('no job holds it: a ghost', async () => {
  expect(await confirm(null)).toEqual([GHOST]);
});
