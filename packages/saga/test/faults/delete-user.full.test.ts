// The example of docs/engine.md: crashed everywhere, and run as its reader runs it.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createTestFolder } from '../../../../test/support/folder.ts';
import { createDeleteUser } from '../../examples/delete-user.ts';
import { openShop, type Shop } from '../../examples/shop.ts';
import { crashEverywhere } from '../../src/testing/index.ts';
import { killAndFinish } from '../support/run-example.ts';

it('crashed at every point: everything has happened once, or everything is as it was', async () => {
  const folder = await createTestFolder();
  const begin = () => openShop(join(folder, randomUUID()));
  const { runs, missed } = await crashEverywhere(createDeleteUser(begin()), {
    begin,
    input: { userId: 'u-42' },
    define: ({ state, ...services }, wire) => {
      const wired: Omit<Shop, 'state'> = {
        billing: wire('billing', services.billing),
        credit: wire('credit', services.credit),
        avatars: wire('avatars', services.avatars),
        mail: wire('mail', services.mail),
      };
      return createDeleteUser({ ...wired, state });
    },
    check: (shop, saga) => expectWhole(shop, saga.state.phase === 'completed'),
  });
  expect(missed).toEqual([]);
  expect(runs).toBeGreaterThan(100);
}, 120_000);

it('its worker is killed with the payment made and not answered: a second process finishes, and pays nothing twice', async () => {
  const shopFolder = join(await createTestFolder(), 'shop');
  const main = fileURLToPath(new URL('../../examples/main.ts', import.meta.url));
  const printed = await killAndFinish({ main, shopFolder, database: 14 });
  expect(printed).toBe('completed { paidCents: 1250 }\n');
  expectWhole(openShop(shopFolder), true);
}, 90_000);

it.each(['delete-user.ts', 'main.ts'])('docs/engine.md shows %s as it is', async (file) => {
  const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
  const shown = (await read(`../../examples/${file}`)).split('\n\n').slice(1).join('\n\n');
  expect(await read('../../../../docs/engine.md')).toContain(shown);
});

function expectWhole(shop: Shop, isDone: boolean): void {
  const { subscription, hasAvatar, creditCents, payOuts, mails } = shop.state();
  const paid = Object.values(payOuts).filter((payOut) => payOut !== 'forbidden');
  const observed = { isActive: subscription.isActive, hasAvatar, creditCents, paid };
  const deleted = {
    isActive: false,
    hasAvatar: false,
    creditCents: 0,
    paid: [{ paidCents: 1_250 }],
  };
  const untouched = { isActive: true, hasAvatar: true, creditCents: 1_250, paid: [] };
  expect(observed).toEqual(isDone ? deleted : untouched);
  expect(Object.values(mails).length).toBe(isDone ? 1 : 0);
}
