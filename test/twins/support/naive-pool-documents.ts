// The pool state in MongoDB as it is written first: read, changed, and written as a whole, whatever came meanwhile.

import type { Connection } from 'mongoose';
import { ok } from '../../../src/domain/source.ts';
import type { PoolStates } from '../../../src/pool-state/pool-states.ts';
import { overwritePoolState, storedPoolState } from '../../support/pool-documents.ts';

export function createNaivePoolDocuments(connection: Connection): PoolStates {
  return {
    read: async () => ok(await storedPoolState(connection), new Date()),
    mutate: async ({ change, fence }) => {
      const before = await storedPoolState(connection);
      await fence();
      const state = change(before);
      await overwritePoolState(connection, state);
      return { state, changed: state !== before };
    },
  };
}
