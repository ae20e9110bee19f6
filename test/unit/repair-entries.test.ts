// An entry that the pool state has lost names one host for good when it is made again: it is made when every host has said
// what it holds, and not before.

import { expect, it } from 'vitest';
import type { Bots } from '../../src/deletion/ports/bots.ts';
import type { PoolStates } from '../../src/deletion/ports/pool-states.ts';
import type { PooledSighting } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import type { PoolState } from '../../src/domain/pool-state.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import { type EntryPorts, repairEntry } from '../../src/reconciliation/repair-entries.ts';
import type { DriftNote } from '../../src/reconciliation/sync-notes.ts';
import { inertPorts } from '../support/inert-ports.ts';

const firebaseUid = toFirebaseUid('uid-1');
const user = { userId: toUserId('6500000000000000000000aa'), firebaseUid };
const instanceId = toInstanceId('uid-1-bot-1');
const containerName = 'freqtrade-pool-uid-1-pool-1';
const RUNNING: PooledSighting = {
  kind: 'pooled',
  host: 'a',
  containerId: 'c1',
  containerName,
  labels: { userId: firebaseUid },
  poolRunning: true,
  conf: 'present',
  program: 'RUNNING',
  programs: [],
};
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
const LOST: DriftNote = {
  instanceId,
  botName: 'bot',
  verdict: 'lost-entry',
  outcome: 'confirmed',
  reason: null,
  detail: null,
  allocation: null,
  sagaId: null,
  dueAtMs: 0,
  first: { poolState: 'no', docker: 'yes' },
  second: { poolState: 'no', docker: 'yes' },
};

type HostAnswer = SourceAnswer<readonly PooledSighting[]>;
const SHOWN: HostAnswer = ok([RUNNING], new Date(0));
const NOTHING: HostAnswer = ok([], new Date(0));

it.each([
  { other: 'has nothing', answer: NOTHING, outcome: 'repaired', dockerHost: 'a' },
  { other: 'is away', answer: unknown('b is away'), outcome: 'skipped', dockerHost: undefined },
])('the bot is found on one host, the other $other: $outcome', async (given) => {
  let state = STATE;
  const poolStates: PoolStates = {
    ...inertPorts<PoolStates>(),
    read: async () => ok(state, new Date(0)),
    mutate: async ({ change }) => {
      const changed = change(state) !== state;
      state = change(state);
      return { state, changed };
    },
  };
  const bots: Bots = {
    ...inertPorts<Bots>(),
    locate: async () => joinAnswers([SHOWN, given.answer], new Date(0)),
  };
  const call = { signal: new AbortController().signal, fence: async () => undefined, at: '' };
  const ports: EntryPorts = { ...inertPorts<EntryPorts>(), bots, poolStates };
  const note = await repairEntry(ports, user, LOST, call);
  expect(note.outcome).toBe(given.outcome);
  expect(state.botMapping[instanceId]?.dockerHost).toBe(given.dockerHost);
});
