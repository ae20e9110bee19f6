// The pool state says of one bot something that no database can hold: its deletion says so, and nobody else's is touched.

import { expect, it } from 'vitest';
import { toSagaId } from '../../packages/saga/src/saga-id.ts';
import { startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  deleteBot,
  placeBot,
  readPoolState,
  writePoolState,
} from '../support/deletions.ts';
import { waitFor } from '../support/wait-for.ts';

it('a NUL in a field name of the mapping: stuck with its reason, and deleted when it is mended', async () => {
  const app = await startTestApplication({
    poolState: { pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '2026-10-02T09:30:00.000Z' },
  });
  const bot = await placeBot(app, 'pooled');
  const other = await placeBot(app, 'dedicated', { uid: 'uid-two' });
  const state = await readPoolState(app);
  const mapping = state.botMapping[bot.instanceId];
  const poisoned = { ...mapping, 'note\u0000x': 1 };
  await writePoolState(app, {
    ...state,
    botMapping: { ...state.botMapping, [bot.instanceId]: poisoned as never },
  });
  const jobId = await acceptDelete(app, bot);
  expect((await deleteBot(app, other)).status).toBe(200);
  const stuck = await waitFor('the job to be stuck', async () => {
    const { body } = await app.call(bot.uid, 'GET', `/jobs/${jobId}`);
    return body.state === 'stuck' && body;
  });
  expect(stuck.error).toMatchObject({ code: 'MONGODB_CANNOT_HOLD' });
  await writePoolState(app, state);
  await app.services.sagas.order(toSagaId(jobId), {
    verb: 'retry',
    by: 'an admin',
    reason: 'mended',
  });
  await waitFor('the job to complete', async () => {
    const { body } = await app.call(bot.uid, 'GET', `/jobs/${jobId}`);
    return body.state === 'completed';
  });
});
