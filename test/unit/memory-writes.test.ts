// The memory's writes beside their caller: in order, and a note stands before its bot is changed (I4).

import { expect, it } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import type { ListedBot } from '../../src/bots/bots.ts';
import { createMemoryWrites } from '../../src/bots/memory-writes.ts';

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
  const writes = createMemoryWrites(known);
  writes.note(BOT, [SEEN]);
  let isSettled = false;
  const settled = writes.settled(BOT).then(() => {
    isSettled = true;
  });
  await writes.settled('ann-bot-2');
  expect(isSettled).toBe(false);
  open();
  await settled;
  expect(landed).toEqual(['note']);
});

it('noted, forgotten and noted again at once: they land in this order', async () => {
  const { known, landed, open } = createSlowMemory();
  const writes = createMemoryWrites(known);
  writes.note(BOT, [SEEN]);
  writes.forget(BOT, [SEEN]);
  writes.note(BOT, [SEEN]);
  open();
  await writes.settled(BOT);
  expect(landed).toEqual(['note', 'forget', 'note']);
});

it('a note that failed is tried again before the bot is changed, each time until it stands', async () => {
  const { known, landed, fail, open } = createSlowMemory();
  const writes = createMemoryWrites(known);
  fail(2);
  open();
  writes.note(BOT, [SEEN]);
  await expect(writes.settled(BOT)).rejects.toThrow('away');
  await writes.settled(BOT);
  expect(landed).toEqual(['note']);
  await writes.settled(BOT);
  expect(landed).toEqual(['note']);
});

it('what could not be forgotten keeps nobody waiting: it is asked for again some day', async () => {
  const { known, landed, fail, open } = createSlowMemory();
  const writes = createMemoryWrites(known);
  fail(1);
  open();
  writes.forget(BOT, [SEEN]);
  await writes.settled(BOT);
  expect(landed).toEqual([]);
});

/** A memory whose writes land once it is `open`, except for as many as are to fail. */
function createSlowMemory() {
  const landed: string[] = [];
  const gate = Promise.withResolvers<void>();
  let failures = 0;
  const land = (what: string) => async () => {
    await gate.promise;
    if (failures > 0) {
      failures -= 1;
      throw new UnavailableError('MONGODB_UNREACHABLE', 'the memory is away');
    }
    landed.push(what);
  };
  return {
    known: { note: land('note'), forget: land('forget') },
    landed,
    fail: (times: number) => {
      failures = times;
    },
    open: () => gate.resolve(),
  };
}
