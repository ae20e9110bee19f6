// Bots that are being made while their owner synchronises without a pause: money is set aside before the bot is
// there, which is just what an orphan looks like. Nothing comes back (I4), and the books add up (I11).

import { expect, it } from 'vitest';
import { ownEntries, readPoolState, userNamed } from '../support/deletions.ts';
import { emptyPool, provision, setUpProvisioning, UID } from '../support/provisions.ts';
import { skippedOf, syncWallet } from '../support/syncs.ts';

const BOTS = 12;

it('provisions racing with synchronisations: every bot lives, and none of its money is returned', async () => {
  const app = await setUpProvisioning({
    balance: 10_000,
    pools: [emptyPool({ capacity: BOTS })],
    env: { SYNC_YOUNG_SECONDS: '0' },
  });
  let isMaking = true;
  const reasons = new Set<string>();
  let runs = 0;
  const syncing = (async () => {
    while (isMaking) {
      const reply = await syncWallet(app, UID);
      expect(reply.body.data.cleanedBots).toEqual([]);
      for (const reason of Object.values(skippedOf(reply))) reasons.add(reason);
      runs += 1;
    }
  })();
  const made = await Promise.all(Array.from({ length: BOTS }, () => provision(app)));
  isMaking = false;
  await syncing;

  expect(made.map(({ body }) => body.success)).toEqual(Array(BOTS).fill(true));
  expect(runs).toBeGreaterThan(0);
  for (const reason of reasons) expect(['open-saga', 'pending', 'changed']).toContain(reason);
  const user = await userNamed(app, UID);
  expect(Object.keys(user.botAllocations)).toHaveLength(BOTS);
  expect(user.paperWallet.balance).toBe(10_000 - BOTS * 250.5);
  expect(Object.keys((await readPoolState(app)).botMapping)).toHaveLength(BOTS);
  expect((await ownEntries(app)).filter(({ type }) => type === 'deallocate')).toEqual([]);
  const last = await syncWallet(app, UID);
  expect(last.body.data).toMatchObject({ cleanedBots: [], skipped: [] });
  expect(last.body.data.validAllocations.toSorted()).toEqual(
    Object.keys(user.botAllocations).toSorted(),
  );
});
