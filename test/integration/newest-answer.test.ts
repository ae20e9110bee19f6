// The bot has answered right before its stop, and the step's end never came into the log: the lock alone knows what the
// bot said last (I2).

import { expect, it } from 'vitest';
import { InDoubtError } from '../../src/saga/errors.ts';
import { placeBot, userNamed } from '../support/deletions.ts';
import { createLab } from '../twins/support/lab.ts';
import { deleteToRest } from '../twins/support/lab-sagas.ts';

it('the stop’s answer is in the lock alone: the newest answer is paid, not the one of the log', async () => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  const before = (await userNamed(lab, bot.uid)).paperWallet.balance;
  const answers = [40, 39];
  const engine = await lab.worker({
    ports: ({ bots, valuation }) => ({
      valuation: {
        ...valuation,
        worthOf: async () => {
          const value = answers.shift();
          return value === undefined
            ? { status: 'not-live', reason: 'it does not run' }
            : { status: 'live', value };
        },
      },
      bots: {
        ...bots,
        stop: async (...asked) => {
          await bots.stop(...asked);
          throw new InDoubtError('REPLY_LOST', 'it has stopped, and nobody has heard of it');
        },
      },
    }),
  });
  const saga = await deleteToRest(engine, bot);
  expect(saga.state.phase).toBe('completed');
  expect(answers).toEqual([]);
  expect((await userNamed(lab, bot.uid)).paperWallet.balance).toBe(before + 39);
});
