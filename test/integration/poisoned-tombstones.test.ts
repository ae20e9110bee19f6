// One tombstone that the database cannot hold, among others that go out with it: it fails alone, with its reason.

import { expect, it } from 'vitest';
import { CANNOT_HOLD, POISONS } from '../../packages/saga/test/support/poisons.ts';
import { newSaga } from '../../packages/saga/test/support/saga-writes.ts';
import { toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { createMongoTombstones } from '../../src/tombstones/mongo-tombstones.ts';
import { createTestDatabase } from '../support/database.ts';

it.each(POISONS)('a tombstone with %s: its neighbours are opened', async (_, labels) => {
  const tombstones = createMongoTombstones({ db: await createTestDatabase() });
  const open = (n: number, note: unknown = 1) =>
    tombstones.open({
      incarnation: {
        userId: toUserId('6500000000000000000000aa'),
        instanceId: toInstanceId(`bot-${n}`),
        incarnationId: 'a',
      },
      sagaId: newSaga().id,
      epoch: 1,
      firebaseUid: null,
      // A label comes from Docker as it is there.
      observedBots: [
        {
          kind: 'dedicated',
          host: 'a',
          containerId: 'c',
          containerName: 'n',
          labels: { note },
        } as never,
      ],
      observedInPart: false,
      slot: null,
      hadAllocation: false,
      mayTakeOver: [],
    });
  const [, refused, opened] = await Promise.allSettled([open(1), open(2, labels), open(3)]);
  expect(refused).toMatchObject({ status: 'rejected', reason: CANNOT_HOLD });
  expect(opened).toMatchObject({ value: { status: 'opened' } });
});
