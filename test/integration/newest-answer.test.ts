// The bot has answered right before its stop, and the step's end never came into the log: the lock alone knows what the
// bot said last (I2). Where a bot answers only once, that answer counts.

import { expect, it } from 'vitest';
import { InDoubtError } from '../../packages/saga/src/errors.ts';
import type { BotWorth } from '../../src/domain/bot-worth.ts';
import { placeBot, userNamed } from '../support/deletions.ts';
import { createLab, deleteToRest } from '../support/lab.ts';
import { platformSets } from '../support/users.ts';

/** One answer after the other; then it does not answer any more. */
const answering = (values: number[]) => async (): Promise<BotWorth> => {
  const value = values.shift();
  return value === undefined
    ? { status: 'not-live', reason: 'it does not run' }
    : { status: 'live', value };
};

it.each([
  ['at the lock and before the stop: the later answer', [1200, 1234.56], 1234.56],
  ['at the lock and not again: that answer', [40], 40],
])('it answers %s is paid', async (_, answers, paid) => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  const engine = await lab.worker(({ valuation }) => ({
    valuation: { ...valuation, worthOf: answering([...answers]) },
  }));
  const { state } = await deleteToRest(engine, bot);
  expect(state).toMatchObject({ phase: 'completed', warnings: [] });
  expect((await userNamed(lab, bot.uid)).paperWallet.balance).toBe(50 + paid);
});

it('the stop’s answer is in the lock alone: the newest answer is paid, not the one of the log', async () => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  const before = (await userNamed(lab, bot.uid)).paperWallet.balance;
  const answers = [40, 39];
  const engine = await lab.worker(({ bots, valuation }) => ({
    valuation: { ...valuation, worthOf: answering(answers) },
    bots: {
      ...bots,
      stop: async (...asked) => {
        await bots.stop(...asked);
        throw new InDoubtError('REPLY_LOST', 'it has stopped, and nobody has heard of it');
      },
    },
  }));
  const saga = await deleteToRest(engine, bot);
  expect(saga.state.phase).toBe('completed');
  expect(answers).toEqual([]);
  expect((await userNamed(lab, bot.uid)).paperWallet.balance).toBe(before + 39);
});

it('a part is withdrawn after the answer, by a save that drops the lock as well: the stored value is paid', async () => {
  const lab = await createLab();
  const bot = await placeBot(lab, 'dedicated');
  await lab.world.setLiveValue(bot.instanceId, 40);
  const { paperWallet, botAllocations } = await userNamed(lab, bot.uid);
  const held = { ...botAllocations[bot.instanceId], allocatedAmount: 70, currentValue: 71 };
  const engine = await lab.worker(({ bots }) => ({
    bots: {
      ...bots,
      stop: async (...asked) => {
        const outcome = await bots.stop(...asked);
        const dropped = { [bot.instanceId]: { ...held, lockedBy: undefined } };
        await platformSets(lab.db, bot.userId, { botAllocations: dropped });
        return outcome;
      },
    },
  }));
  const { state } = await deleteToRest(engine, bot);
  expect(state).toMatchObject({ phase: 'completed', warnings: [{ code: 'value-not-live' }] });
  expect((await userNamed(lab, bot.uid)).paperWallet.balance).toBe(paperWallet.balance + 71);
});
