// The slot of a new bot is chosen from what the tombstones hold at that moment, and from what the pools' containers hold by
// their own word. Where either cannot be asked, none is chosen (I5): a bot may still run on its port.

import { describe, expect, it } from 'vitest';
import { RetryableError, UnavailableError } from '../../packages/saga/src/errors.ts';
import type { PortReading } from '../../src/bots/bots.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import type { HeldSlot } from '../../src/pool-state/pool-slots.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import type { ProvisionBotInput } from '../../src/provisioning/provision-bot-input.ts';
import type {
  ProvisionCall,
  ProvisioningPorts,
} from '../../src/provisioning/provisioning-ports.ts';
import { assignSlot } from '../../src/provisioning/steps/assign-slot.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';

const UID = 'uid-0';
const INSTANCE = `${UID}-bot-99`;
const FIRST = `${UID}-bot-1`;
const LOST = `${UID}-bot-2`;
const POOL = samplePool(UID, [FIRST]);
const NOW = new Date(0);

/** Bot 1 has its row and port 9000. */
const STATE: PoolState = {
  pools: { [POOL.id]: POOL },
  botMapping: { [FIRST]: sampleMapping(UID, FIRST, 0) },
  nextPoolId: 1,
  updatedAt: '2026-11-01T00:00:00.000Z',
};

interface World {
  readonly attempt?: number;
  readonly dedicated?: {
    readonly kind: 'dedicated';
    readonly host: string;
    readonly image: string;
  };
  readonly heldSlots?: () => Promise<readonly HeldSlot[]>;
  /** What the pool's container holds; default: what the state names. */
  readonly programs?: SourceAnswer<readonly string[]>;
  readonly port?: SourceAnswer<PortReading>;
  /** The state under the lock, where it is not what was read before. */
  readonly underLock?: PoolState;
  readonly capacity?: number;
}

const PORT_9001 = ok({ status: 'read', port: 9001 } as const, NOW);

async function assign(world: World) {
  const { heldSlots, programs, port = PORT_9001, underLock, capacity = 9 } = world;
  const { attempt = 1, dedicated = null } = world;
  const withRoom = (state: PoolState): PoolState => ({
    ...state,
    pools: { [POOL.id]: { ...POOL, ...state.pools[POOL.id], capacity } },
  });
  let state = withRoom(STATE);
  const poolStates = {
    read: async () => ok(state, NOW),
    mutate: async ({ change, fence }: Parameters<ProvisioningPorts['poolStates']['mutate']>[0]) => {
      await fence();
      state = change(underLock === undefined ? state : withRoom(underLock));
      return { state };
    },
  };
  const listed = programs ?? ok([FIRST], NOW);
  const asked: string[] = [];
  const bots = {
    listPool: async () =>
      listed.status === 'unknown'
        ? listed
        : ok(
            listed.items.map((instanceId) => ({ instanceId, observedBot: {} })),
            NOW,
          ),
    readPort: async (instanceId: string) => {
      asked.push(instanceId);
      return port;
    },
  };
  const known = { poolStates, bots, tombstones: { heldSlots: heldSlots ?? (async () => []) } };
  const ports = { ...inertPorts<ProvisioningPorts>(), ...known } as unknown as ProvisioningPorts;
  const pools = [{ poolId: POOL.id, containerName: POOL.containerName, host: 'a' }];
  const call = {
    ...inertPorts<ProvisionCall>(),
    ...{ epoch: 1, attempt, results: {}, signal: new AbortController().signal },
    sagaId: 'prv-0mvx2cqo0dqqe9xwr1uq2r' as never,
    fence: async () => undefined,
    nowMs: () => 0,
    capture: { hadEntry: false, createdAt: NOW.toISOString(), pools, dedicated },
    input: {
      ...{ userId: toUserId('6500000000000000000000aa'), firebaseUid: toFirebaseUid(UID) },
      ...{ instanceId: toInstanceId(INSTANCE), botName: 'bot', image: null },
      ...{ allocatedAmount: 1, amountMinor: 100, startTimeoutMs: 1_000, undoTimeoutMs: 1_000 },
    } satisfies ProvisionBotInput,
  };
  const outcome = await assignSlot(ports)
    .run(call)
    .catch((error: unknown) => error);
  return { outcome, port: state.botMapping[INSTANCE]?.port, asked };
}

it('the platform has given the very id away since the capture: not this provision’s, and left as it is', async () => {
  const mapping = sampleMapping(UID, INSTANCE, 7);
  const underLock = { ...STATE, botMapping: { ...STATE.botMapping, [INSTANCE]: mapping } };
  const { outcome, port } = await assign({ underLock });
  expect(outcome).toMatchObject({ code: 'ID_IN_USE' });
  expect(port).toBeUndefined();
});

it('an attempt before this one has written its slot, and had no answer: that one, and no second', async () => {
  const mapping = { ...sampleMapping(UID, INSTANCE, 7), createdAt: NOW.toISOString() };
  const underLock = { ...STATE, botMapping: { ...STATE.botMapping, [INSTANCE]: mapping } };
  const { outcome, port } = await assign({ underLock });
  expect(outcome).toMatchObject({ kind: 'pooled', port: mapping.port, slotIndex: 7 });
  expect(port).toBe(mapping.port);
});

describe('the tombstones', () => {
  it('hold nothing: the first free slot of the pool', async () => {
    expect(await assign({})).toMatchObject({ port: 9001, asked: [] });
  });

  it('cannot be asked: no slot, and the step is tried again (I5)', async () => {
    const away = new UnavailableError('MONGODB_UNAVAILABLE', 'away');
    const { outcome, port } = await assign({ heldSlots: () => Promise.reject(away) });
    expect(outcome).toBe(away);
    expect(port).toBeUndefined();
  });
});

describe('a bot whose row the pool state has lost', () => {
  const programs = ok([FIRST, LOST], NOW);

  it('keeps its port: the new bot gets the next one', async () => {
    expect(await assign({ programs })).toMatchObject({ port: 9002, asked: [LOST] });
  });

  it('counts for the room of its pool, until it is known to be gone', async () => {
    const { outcome, port } = await assign({ programs, capacity: 2 });
    expect(outcome).toBeInstanceOf(RetryableError);
    expect(port).toBeUndefined();
  });

  it.each([
    ['cannot be asked now', unknown('away')],
    ['is in no file', ok({ status: 'unreadable', reason: 'no file', ports: null } as const, NOW)],
  ])('has a port that %s: it may be any, and the step is tried again', async (_, reading) => {
    const { outcome, port } = await assign({ programs, port: reading });
    expect(outcome).toBeInstanceOf(RetryableError);
    expect(port).toBeUndefined();
  });

  it('names two ports in its files: it may have either', async () => {
    const port = ok({ status: 'unreadable', reason: 'two', ports: [9001, 9002] } as const, NOW);
    expect(await assign({ programs, port })).toMatchObject({ port: 9003 });
  });

  it('names no port in its config: it listens nowhere, and takes room alone', async () => {
    const port = ok({ status: 'unreadable', reason: 'none', ports: [] } as const, NOW);
    expect(await assign({ programs, port })).toMatchObject({ port: 9001 });
    expect(await assign({ programs, port, capacity: 2 })).toMatchObject({ port: undefined });
  });

  it('lost it between the observation and the lock: no slot, and the step is tried again', async () => {
    const underLock = { ...STATE, pools: { [POOL.id]: { ...POOL, bots: [] } }, botMapping: {} };
    const { outcome, port } = await assign({ underLock });
    expect(outcome).toBeInstanceOf(RetryableError);
    expect(port).toBeUndefined();
  });

  it('has a tombstone instead, which names its slot: its files are not asked', async () => {
    const { poolId, containerName } = sampleMapping(UID, LOST, 1);
    const slot = { poolId, containerName, slotIndex: 1, port: 9001 };
    const heldSlots = async () => [{ instanceId: LOST, slot }];
    expect(await assign({ programs, heldSlots })).toMatchObject({ port: 9002, asked: [] });
  });
});

it('a pool that cannot be asked, and an image: a container of its own, once the pool was asked a few times', async () => {
  const dedicated = { kind: 'dedicated', host: 'a', image: 'bots:1' } as const;
  const world = { programs: unknown('its supervisord does not answer'), dedicated };
  expect((await assign({ ...world, attempt: 5 })).outcome).toBeInstanceOf(RetryableError);
  expect((await assign({ ...world, attempt: 6 })).outcome).toEqual(dedicated);
});

it('a pool whose container cannot be asked may hold anything: the step is tried again', async () => {
  const { outcome, port } = await assign({ programs: unknown('its supervisord does not answer') });
  expect(outcome).toBeInstanceOf(RetryableError);
  expect(port).toBeUndefined();
});
