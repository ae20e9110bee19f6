// The write that a saga log must not make: on whatever stands there, whoever owns it.

import type { Connection } from 'mongoose';
import type { SagaRecord } from '../../../packages/saga/src/log/record.ts';
import type { SagaState } from '../../../packages/saga/src/machine/state.ts';
import { sagasOf } from '../../../packages/saga/test/support/saga-log.ts';

export async function overwriteState(
  connection: Connection,
  base: SagaRecord,
  state: SagaState,
): Promise<SagaRecord> {
  const stored = await sagasOf(connection).findOneAndUpdate(
    { _id: base.id as never },
    { $set: { state }, $inc: { revision: 1 } },
    { returnDocument: 'after' },
  );
  return { ...base, state, revision: Number(stored?.revision) };
}
