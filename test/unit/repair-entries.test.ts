// An entry that the pool state has lost names one host and one port for good when it is made again: it is made when every
// host has said what it holds and the bot's own files have said their port, and not before.

import { expect, it } from 'vitest';
import type { Bots, PortReading } from '../../src/bots/bots.ts';
import type { ObservedPooled } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { ConfirmPorts } from '../../src/sync/confirm-bots.ts';
import { repairEntry } from '../../src/sync/repair-entries.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { poolStatesOver } from '../fakes/pool-states.ts';
import { driftNote, observedPooled, USER_ID } from '../support/samples.ts';

const firebaseUid = toFirebaseUid('uid-1');
const user = { userId: USER_ID, firebaseUid };
const instanceId = toInstanceId('uid-1-bot-1');
const containerName = 'freqtrade-pool-uid-1-pool-1';
const RUNNING = observedPooled({ labels: { userId: firebaseUid } });
const POOL = {
  id: 'uid-1-pool-1',
  userId: firebaseUid,
  containerName,
  basePort: 9000,
  capacity: 3,
};
const STATE: PoolState = {
  pools: {
    [POOL.id]: { ...POOL, bots: [], status: 'running', createdAt: '', poolDir: '', metrics: {} },
  },
  botMapping: {},
  nextPoolId: 2,
  updatedAt: '',
};
const LOST = driftNote({ instanceId });

type HostAnswer = SourceAnswer<readonly ObservedPooled[]>;
const SHOWN: HostAnswer = ok([RUNNING], new Date(0));
const NOTHING: HostAnswer = ok([], new Date(0));

const READ: SourceAnswer<PortReading> = ok({ status: 'read', port: 9002 }, new Date(0));
const SILENT: SourceAnswer<PortReading> = ok(
  { status: 'unreadable', reason: 'its files name no port', ports: [] },
  new Date(0),
);

interface Given {
  readonly other?: HostAnswer;
  readonly port?: SourceAnswer<PortReading>;
  readonly state?: PoolState;
  readonly isAgain?: boolean;
}

async function repair(options: Given) {
  const { other = NOTHING, port = READ, state: given = STATE, isAgain = false } = options;
  const store = { pools: given };
  const bots: Bots = {
    ...inertPorts<Bots>(),
    locate: async () => joinAnswers([SHOWN, other], new Date(0)),
    readPort: async () => port,
  };
  const { signal } = new AbortController();
  const call = { signal, fence: async () => undefined, at: '', isAgain };
  const ports: ConfirmPorts = {
    ...inertPorts<ConfirmPorts>(),
    wallets: { ...inertPorts<ConfirmPorts['wallets']>(), otherHolders: async () => [] },
    bots,
    poolStates: poolStatesOver(store),
  };
  const note = await repairEntry(ports, user, LOST, call);
  const { pools } = store;
  return { note, mapping: pools.botMapping[instanceId], isTouched: pools !== given };
}

const TAKEN: PoolState = {
  ...STATE,
  botMapping: {
    'uid-1-bot-2': {
      ...{ poolId: POOL.id, containerName, slotIndex: 0, port: 9002, status: 'running' },
      ...{ instanceId: 'uid-1-bot-2', userId: firebaseUid, createdAt: '' },
    },
  },
};

it('every host and its own files have spoken: its host, its port', async () => {
  const { note, mapping } = await repair({});
  expect(note.outcome).toBe('repaired');
  expect(mapping).toMatchObject({ dockerHost: 'a', port: 9002 });
});

it.each<[string, Given, string, string]>([
  ['the other host is away', { other: unknown('b is away') }, 'unknown', 'b is away'],
  ['its files could not be asked for', { port: unknown('a is away') }, 'unknown', 'a is away'],
  ['its files name no port', { port: SILENT }, 'port-unknown', 'its files name no port'],
  ['another bot has its port', { state: TAKEN }, 'port-taken', `port 9002 of ${POOL.id}`],
])('%s: skipped with the reason, and no entry is made', async (_, given, reason, detail) => {
  const { note, isTouched } = await repair(given);
  expect(note).toMatchObject({ outcome: 'skipped', reason });
  expect(note.detail).toContain(detail);
  expect(isTouched).toBe(false);
});

it.each([
  ['an earlier attempt of this run', true, 'repaired'],
  ['the platform', false, 'resolved'],
])('put right since by %s: said so, and not written again', async (_, isAgain, outcome) => {
  const mapping = { ...TAKEN.botMapping['uid-1-bot-2'], instanceId };
  const state = { ...STATE, botMapping: { [instanceId]: mapping } } as PoolState;
  const { note, isTouched } = await repair({ state, isAgain });
  expect(note.outcome).toBe(outcome);
  expect(isTouched).toBe(false);
});
