// A run over all users whose list is there, and a worker that lost it before it surveyed and comes back now.

import { FencedError } from '../../../packages/saga/src/errors.ts';
import { toSagaId } from '../../../packages/saga/src/saga-id.ts';
import { toUserId } from '../../../src/domain/ids.ts';
import { ok } from '../../../src/domain/source.ts';
import { createMongoHoldings } from '../../../src/sync/mongodb/holdings.ts';
import { createMongoRunDrifts, type RunDrifts } from '../../../src/sync/mongodb/run-drifts.ts';
import { type SurveyPorts, surveyAll } from '../../../src/sync/survey.ts';
import { createTestDatabase } from '../../support/database.ts';
import { inertPorts } from '../../support/inert-ports.ts';
import { BOT } from '../../support/users.ts';

const RUN = toSagaId('all-aaaaaaaaaaaaaaaa');
const NOWHERE = { verdict: 'orphan', poolState: 'no', docker: 'no', valueMinor: 1 } as const;
const USER = { userId: toUserId('6500000000000000000000aa'), firebaseUid: null };

/** @param change what the late worker has instead of the list itself. @returns how much of the list is left. */
export async function lateSurvey(
  change: (drifts: RunDrifts) => Partial<RunDrifts>,
): Promise<number> {
  const connection = await createTestDatabase();
  const drifts = createMongoRunDrifts(connection);
  await drifts.add(RUN, [{ ...USER, instanceId: BOT, ...NOWHERE }], async () => undefined);
  const ports: SurveyPorts = {
    ...inertPorts<SurveyPorts>(),
    bots: { ...inertPorts<SurveyPorts['bots']>(), hosts: () => [] },
    poolStates: {
      read: async () =>
        ok({ pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' }, new Date(0)),
    },
    hostTrust: { judge: async () => 'trusted' },
    holdings: createMongoHoldings({ connection }),
    runDrifts: { ...drifts, ...change(drifts) },
    sagas: { findHolders: async () => new Map() },
  };
  const order = { runId: RUN, beganAtMs: 0, keepOrphans: 1, isNoted: false };
  const fence = () => Promise.reject(new FencedError(RUN, 1));
  const { signal } = new AbortController();
  await surveyAll(ports, order, { fence, signal }).catch((error: unknown) => {
    if (!(error instanceof FencedError)) throw error;
  });
  return (await drifts.sample(RUN, 1)).length;
}
