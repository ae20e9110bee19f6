// A tombstone ends where gone was observed, and nowhere else (I1): an allocation that came back is a person's to decide
// about, and until then its bot, if it is there, is neither removed nor forgotten.

import { expect, it } from 'vitest';
import { finishTombstone } from '../../src/deletion/finish-tombstone.ts';
import type { Bots } from '../../src/deletion/ports/bots.ts';
import type { Findings } from '../../src/deletion/ports/findings.ts';
import type { PoolStates } from '../../src/deletion/ports/pool-states.ts';
import type { Wallets } from '../../src/deletion/ports/wallets.ts';
import type { PooledSighting } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/source.ts';
import { inertPorts } from '../support/inert-ports.ts';

const userId = toUserId('6500000000000000000000aa');
const firebaseUid = toFirebaseUid('uid-1');
const incarnation = { userId, instanceId: toInstanceId('uid-1-bot-1'), life: 'a life' };
const RUNNING: PooledSighting = {
  kind: 'pooled',
  host: 'a',
  containerId: 'c1',
  containerName: 'freqtrade-pool-uid-1-pool-1',
  labels: { userId: 'uid-1' },
  poolRunning: true,
  conf: 'present',
  program: 'RUNNING',
};

it.each([
  { now: 'nobody', life: null, found: [RUNNING], gone: true, removed: 1, told: [] },
  {
    now: 'its own life',
    life: 'a life',
    found: [RUNNING],
    gone: false,
    removed: 0,
    told: ['resurrected'],
  },
  { now: 'its own life', life: 'a life', found: [], gone: true, removed: 0, told: ['resurrected'] },
  { now: 'another life', life: 'another', found: [RUNNING], gone: true, removed: 0, told: [] },
])(
  'the saga saw no bot, $now holds the allocation, found now: $found.length: gone is $gone',
  async (given) => {
    const seen = { removed: 0, told: [] as string[] };
    const { life } = given;
    const wallets: Wallets = {
      ...inertPorts<Wallets>(),
      readAllocation: async () => {
        if (life === null) return { status: 'absent', firebaseUid };
        const facts = { botName: 'bot', value: 1, notMoney: null, mark: null, settledOpId: null };
        return { status: 'present', firebaseUid, allocation: { life, ...facts } };
      },
    };
    const bots: Bots = {
      ...inertPorts<Bots>(),
      locate: async () => ok(given.found, new Date(0)),
      remove: async () => {
        seen.removed += 1;
      },
    };
    const poolStates: PoolStates = {
      ...inertPorts<PoolStates>(),
      read: async () =>
        ok({ pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' }, new Date(0)),
    };
    const findings: Findings = {
      ...inertPorts<Findings>(),
      report: async ({ kind }) => void seen.told.push(kind),
    };
    const call = { signal: new AbortController().signal, fence: async () => undefined };
    const named = { incarnation, firebaseUid, sightings: null };
    const look = await finishTombstone({ wallets, bots, poolStates, findings }, named, call);
    expect({ gone: look.gone, ...seen }).toEqual({
      gone: given.gone,
      removed: given.removed,
      told: given.told,
    });
  },
);
