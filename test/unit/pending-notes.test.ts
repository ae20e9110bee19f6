// Notes of the memory beside their caller: in order, and each stands before its bot is changed (I4).

import { expect, it } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import type { ListedBot } from '../../src/bots/bots.ts';
import { createPendingNotes } from '../../src/bots/pending-notes.ts';

const BOT = 'ann-bot-1';
const SEEN: ListedBot = {
  instanceId: BOT,
  observedBot: {
    kind: 'dedicated',
    host: 'local',
    containerId: 'c1',
    containerName: `freqtrade-${BOT}`,
    labels: {},
    running: true,
    paused: false,
    restartPolicy: '',
  },
};

it('a note under way: what changes the bot waits for it, and nothing waits for another bot’s', async () => {
  const { known, landed, open } = createSlowMemory();
  const notes = createPendingNotes(known);
  notes.note(BOT, [SEEN]);
  let isSettled = false;
  const settled = notes.settled(BOT).then(() => {
    isSettled = true;
  });
  await notes.settled('ann-bot-2');
  expect(isSettled).toBe(false);
  open();
  await settled;
  expect(landed).toEqual([1]);
});

it('noted twice: both stand before the bot is changed, in their order', async () => {
  const { known, landed, open } = createSlowMemory();
  const notes = createPendingNotes(known);
  notes.note(BOT, [SEEN]);
  notes.note(BOT, [SEEN, SEEN]);
  open();
  await notes.settled(BOT);
  expect(landed).toEqual([1, 2]);
});

it('a note that failed is tried again before the bot is changed, each time until it stands', async () => {
  const { known, landed, fail, open } = createSlowMemory();
  const notes = createPendingNotes(known);
  fail(2);
  open();
  notes.note(BOT, [SEEN]);
  await expect(notes.settled(BOT)).rejects.toThrow('away');
  await notes.settled(BOT);
  expect(landed).toEqual([1]);
  await notes.settled(BOT);
  expect(landed).toEqual([1]);
});

it('a note that failed, and another one after it: both stand before the bot is changed', async () => {
  const { known, landed, fail, open } = createSlowMemory();
  const notes = createPendingNotes(known);
  fail(1);
  notes.note(BOT, [SEEN]);
  notes.note(BOT, [SEEN, SEEN]);
  open();
  await notes.settled(BOT);
  expect(landed).toEqual([3]);
});

/** A memory whose notes land once it is `open`, except for as many as are to fail. */
function createSlowMemory() {
  const landed: number[] = [];
  const gate = Promise.withResolvers<void>();
  let failures = 0;
  const note = async (bots: readonly ListedBot[]) => {
    await gate.promise;
    if (failures > 0) {
      failures -= 1;
      throw new UnavailableError('MONGODB_UNREACHABLE', 'the memory is away');
    }
    landed.push(bots.length);
  };
  return {
    known: { note },
    landed,
    fail: (times: number) => {
      failures = times;
    },
    open: () => gate.resolve(),
  };
}
