// The product's definitions, searched exhaustively: every order of what steps answer, of crashes, takeovers, lost
// writes, cancels and operators' verbs, each with what it leaves in the world.

import { describe, expect, it } from 'vitest';
import type { SagaDefinition } from '../../packages/saga/src/definition.ts';
import { searchEveryOrder } from '../../packages/saga/src/testing/index.ts';
import { createDeleteBotSaga } from '../../src/deletion/delete-bot.ts';
import { createReclaimOrphanSaga } from '../../src/deletion/reclaim-orphan.ts';
import { createRestartBotSaga } from '../../src/health/restart-bot.ts';
import { createProvisionBotSaga } from '../../src/provisioning/provision-bot.ts';
import { createSyncAllSaga } from '../../src/sync/sync-all.ts';
import { createSyncWalletSaga } from '../../src/sync/sync-wallet.ts';
import { inertPorts } from '../fakes/inert-ports.ts';

/** Those that carry money, with at least so many states; and those that only read and repair. */
const DEFINITIONS: readonly (readonly [SagaDefinition, number])[] = [
  [createDeleteBotSaga(inertPorts()), 50_000],
  [createReclaimOrphanSaga(inertPorts(), inertPorts()), 50_000],
  [createProvisionBotSaga(inertPorts()), 50_000],
  [createSyncWalletSaga(inertPorts()), 100],
  [createSyncAllSaga(inertPorts()), 50],
  [createRestartBotSaga(inertPorts()), 50],
];

/** Many times what a search takes on a slow machine. */
const TIMEOUT_MS = 120_000;

describe('any order of outcomes, crashes, takeovers, cancels and orders', () => {
  it.for(DEFINITIONS.map(([definition, least]) => [definition.name, definition, least] as const))(
    '%s: no promise is broken, and an end or a person is in reach (I1, I5, I6, I9, I10)',
    { timeout: TIMEOUT_MS },
    ([name, definition, least], { task }) => {
      const { states, moves, breach } = searchEveryOrder(definition);
      task.meta.wentThrough = `states explored of ${name}: ${states}, by ${moves} moves`;
      expect(breach).toBeNull();
      expect(states).toBeGreaterThan(least);
    },
  );
});
