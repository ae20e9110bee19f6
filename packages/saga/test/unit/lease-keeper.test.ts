// Leases go on being renewed whatever becomes of one renewal (I10).

import { expect, it, onTestFinished, vi } from 'vitest';
import type { Claim } from '../../src/log/saga-log.ts';
import { createLeaseKeeper } from '../../src/run/lease-keeper.ts';
import { makeSagaId } from '../../src/saga-id.ts';

const LEASE_MS = 15_000;

function keeperOver(renew: (turn: number) => Promise<void>) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const errors: unknown[] = [];
  let turns = 0;
  const keeper = createLeaseKeeper({
    leaseMs: LEASE_MS,
    onError: (error) => void errors.push(error),
    log: {
      renew: () => {
        turns += 1;
        return renew(turns);
      },
    },
  });
  const sagaId = makeSagaId('del', 1, new Uint8Array(16));
  keeper.hold({ sagaId, epoch: 1, owner: 'o' });
  keeper.start();
  return { keeper, errors, turns: () => turns };
}

it('one renewal hangs: the next ones go out in time, and it is told at each that it is behind', async () => {
  const { keeper, errors, turns } = keeperOver((turn) =>
    turn === 1 ? new Promise(() => undefined) : Promise.resolve(),
  );
  await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
  expect(turns()).toBe(6);
  expect(errors).toHaveLength(5);
  expect(errors[0]).toMatchObject({ code: 'LEASE_RENEWAL_OVERDUE' });
  const stopped = keeper.stop();
  await vi.advanceTimersByTimeAsync(LEASE_MS);
  await stopped;
});

it('every renewal hangs: no more than twenty at once', async () => {
  const { keeper, turns } = keeperOver(() => new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(20 * LEASE_MS);
  expect(turns()).toBe(20);
  const stopped = keeper.stop();
  await vi.advanceTimersByTimeAsync(LEASE_MS);
  await stopped;
});

it('one renewal fails: it is told, and the next one goes out', async () => {
  const { keeper, errors, turns } = keeperOver((turn) =>
    turn === 1 ? Promise.reject(new Error('refused')) : Promise.resolve(),
  );
  await vi.advanceTimersByTimeAsync(LEASE_MS);
  expect(turns()).toBe(3);
  expect(errors).toEqual([new Error('refused')]);
  await keeper.stop();
});

it('claims come and go: at every turn all that are held are renewed, for the whole lease, and no other', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const renewed: unknown[] = [];
  const keeper = createLeaseKeeper({
    leaseMs: LEASE_MS,
    onError: (error) => {
      throw error;
    },
    log: { renew: async (claims, leaseMs) => void renewed.push([claims, leaseMs]) },
  });
  const [first, second] = [1, 2].map((n) => ({
    ...{ sagaId: makeSagaId('del', n, new Uint8Array(16)), epoch: n, owner: `o${n}` },
  })) as [Claim, Claim];
  keeper.start();
  keeper.hold(first);
  keeper.hold(second);
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  keeper.drop(first);
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  keeper.drop(second);
  await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
  expect(renewed).toEqual([
    [[first, second], LEASE_MS],
    [[second], LEASE_MS],
  ]);
  await keeper.stop();
});
