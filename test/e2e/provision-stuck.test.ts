// A provision that stands still on its way back: its money is seen, and an operator's end gives back what it held.

import { expect, it } from 'vitest';
import { SEARCHED_INPUT } from '../../src/main/migration/migrate-database.ts';
import { asAdmin } from '../support/admin.ts';
import type { TestApplication } from '../support/application.ts';
import { allOf, jobIn, userNamed } from '../support/deletions.ts';
import { emptyPool, poolName, provision, setUpProvisioning, UID } from '../support/provisions.ts';
import { platformSets } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';

const BOT_ID = `${UID}-bot-1`;
const RESOLUTION = { reason: 'paid by hand', outcome: 'compensated', evidence: 'statement' };

/** 250.50 of 1000 were set aside; the start is refused, and the way back finds a text where the amount was. */
async function stickOnTheWayBack(): Promise<{
  app: TestApplication;
  jobId: string;
  userId: never;
}> {
  const app = await setUpProvisioning({ pools: [emptyPool({ capacity: 1 })] });
  await app.world.injectFaults({ pool: poolName(UID) }, { refuseStart: true });
  const userId = String((await userNamed(app, UID))._id) as never;
  const running = provision(app, { wait: 0 });
  await waitFor('the money to be set aside', async () => {
    const { botAllocations } = await userNamed(app, UID);
    return Object.keys(botAllocations).length > 0;
  });
  await platformSets(app.db, userId, { [`botAllocations.${BOT_ID}.allocatedAmount`]: 'x' });
  const { body } = await running;
  await jobIn(app, UID, body.jobId, 'stuck');
  return { app, jobId: body.jobId, userId };
}

it('stuck: what it set aside is shown as at risk; resolved, its tombstone goes and its slot is free', async () => {
  const { app, jobId, userId } = await stickOnTheWayBack();
  const { body } = await asAdmin(app, 'GET', '/admin/sagas?state=stuck');
  expect(body.sagas).toMatchObject([{ jobId, moneyAtRiskMinor: 25_050 }]);
  const plan = await asAdmin(app, 'GET', `/admin/sagas/${jobId}/plan`);
  expect(plan.body).toMatchObject({ moneyAtRiskMinor: 25_050 });

  const resolved = await asAdmin(app, 'POST', `/admin/sagas/${jobId}/resolve`, RESOLUTION);
  expect(resolved.status).toBe(200);
  expect(resolved.body).toMatchObject({ moneyAtRiskMinor: null });
  await waitFor('the tombstone to be withdrawn', async () => {
    const [tombstone, ...others] = await allOf(app, 'tombstones');
    return others.length === 0 && tombstone?.status === 'withdrawn';
  });
  const { botAllocations } = await userNamed(app, UID);
  expect(botAllocations[BOT_ID]).not.toHaveProperty('lockedBy');
  const [entry, ...others] = await waitFor('the entry of the money set aside', async () => {
    const ledger = await allOf(app, 'ledger');
    return ledger.length > 0 && ledger;
  });
  expect([entry?.type, Number(entry?.amountMinor), others]).toEqual(['allocate', -25_050, []]);

  await platformSets(app.db, userId, { botAllocations: {}, 'paperWallet.balance': 1000 });
  await app.world.injectFaults({ pool: poolName(UID) }, null as never);
  expect((await provision(app)).body).toMatchObject({ success: true });
});

it('every definition that passes a point of no return: states what it gives back and what is at risk', async () => {
  const { services } = await setUpProvisioning();
  const { definitions } = services.engine.registry;
  const paying = definitions.filter(({ steps }) => steps.some(({ kind }) => kind === 'pivot'));
  expect(paying.map(({ name }) => name).sort()).toEqual([
    'delete-bot',
    'provision-bot',
    'reclaim-orphan',
  ]);
  for (const { name, fenceEffects, release, atRisk } of paying) {
    for (const part of [fenceEffects, release, atRisk]) expect(part, name).toBeTypeOf('function');
  }
});

it('every field that a definition searches by: the migration has made its index', async () => {
  const { services } = await setUpProvisioning();
  const fields = services.engine.registry.definitions.flatMap(({ searchBy = [] }) => searchBy);
  expect([...SEARCHED_INPUT].sort()).toEqual([...new Set(fields)].sort());
});
