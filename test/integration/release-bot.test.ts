// What an operator's end of a deletion leaves behind (I1, I11).

import { expect, it } from 'vitest';
import { HoldError } from '../../src/saga/errors.ts';
import { allOf, ownEntries, placeBot, userNamed } from '../support/deletions.ts';
import { createLab } from '../twins/support/lab.ts';
import { deleteToRest } from '../twins/support/lab-sagas.ts';

it('closed by an operator between its payment and its posting: posted, its tombstone settled', async () => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  let tries = 0;
  const worker = await lab.worker({
    ports: ({ ledger }) => ({
      ledger: {
        ...ledger,
        post: async (entry) => {
          tries += 1;
          if (tries === 1) throw new HoldError('HELD', 'as the scenario has it');
          return ledger.post(entry);
        },
      },
    }),
  });
  const { id, state } = await deleteToRest(worker, bot);
  expect(state.phase).toBe('stuck');
  expect(await ownEntries(lab)).toEqual([]);
  const order = { verb: 'resolve', by: 'a test', reason: 'looked', outcome: 'completed' } as const;
  expect((await worker.sagas.order(id, order)).status).toBe('ordered');
  expect((await userNamed(lab, bot.uid)).paperWallet.balance).toBe(160);
  expect(await ownEntries(lab)).toMatchObject([{ botId: bot.instanceId, type: 'deallocate' }]);
  expect(await allOf(lab, 'tombstones')).toMatchObject([{ status: 'settled' }]);
});
