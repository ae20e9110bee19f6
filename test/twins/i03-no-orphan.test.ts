// I3: money without a bot goes back within two synchronisations.

import type { DeletionPorts } from '../../src/deletion/steps/step-ports.ts';
import type { PlacedBot } from '../support/deletions.ts';
import { allocation, BOT, putUser, readUser, SAGA_A } from '../support/users.ts';
import { breaches, twinsOf } from './bite.ts';
import { createLab, type Lab } from './support/lab.ts';
import { syncToRest } from './support/lab-sagas.ts';

twinsOf('I3', {
  // A saga that is long over has left its lock on the allocation.
  'leftover-lock-holds': async (part) => {
    const lab = await createLab();
    const worker = await lab.worker(part === 'twin' ? { ports: everyLockHolds } : {});
    const orphan = await putOrphan(lab, { lockedBy: { sagaId: SAGA_A, epoch: 1, value: 110 } });
    await syncToRest(worker, orphan);
    await syncToRest(worker, orphan);
    const { botAllocations } = await readUser(lab.connection, orphan.userId);
    return breaches({ 'an orphan outlived two synchronisations': BOT in botAllocations });
  },
});

async function putOrphan(lab: Lab, fields: object): Promise<PlacedBot> {
  const uid = 'uid';
  const bots = { [BOT]: allocation(100, 110, { ...fields }) };
  const userId = await putUser(lab.connection, { balance: 50, bots, firebaseUid: uid });
  return { uid, userId, instanceId: BOT };
}

function everyLockHolds(): Partial<DeletionPorts> {
  return { findSagas: async (ids) => new Map(ids.map((id) => [id, { open: true }])) };
}
