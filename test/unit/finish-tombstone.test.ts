// A tombstone ends where gone was observed, and nowhere else (I1): an allocation that came back is a person's to decide
// about, and until then its bot, if it is there, is neither removed nor forgotten.

import { expect, it } from 'vitest';
import type { Bots } from '../../src/bots/bots.ts';
import type { HostExpectations } from '../../src/bots/hosts/host-expectations.ts';
import {
  finishTombstone,
  NEW_INCARNATION,
  whileItsOwn,
} from '../../src/deletion/finish-tombstone.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId } from '../../src/domain/ids.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import type { Findings } from '../../src/findings/findings.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import {
  NOTHING_OBSERVED,
  type ObservedIncarnation,
  type Tombstone,
} from '../../src/tombstones/tombstones.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { NO_POOLS, poolStatesOver } from '../fakes/pool-states.ts';
import { poolStateOf } from '../support/deletions.ts';
import { EVERY_HOST_BELIEVED } from '../support/known-hosts.ts';
import { observedDedicated, observedPooled, USER_ID } from '../support/samples.ts';

const firebaseUid = toFirebaseUid('uid-1');
const incarnation = {
  userId: USER_ID,
  instanceId: toInstanceId('uid-1-bot-1'),
  incarnationId: 'an incarnation',
};
const RUNNING = observedPooled({ labels: { userId: 'uid-1' } });

const poolStates = poolStatesOver({ pools: NO_POOLS });

/** What the hosts say when it is looked for: nothing of it, the bot, or nothing at all. */
const HOSTS = {
  nothing: ok<readonly ObservedBot[]>([], new Date(0)),
  bot: ok<readonly ObservedBot[]>([RUNNING], new Date(0)),
  away: unknown('docker host "b" is away'),
};

it.each([
  { now: 'nobody', incarnationId: null, hosts: [HOSTS.bot], gone: true, removed: 1, told: [] },
  {
    now: 'its own incarnation',
    incarnationId: 'an incarnation',
    hosts: [HOSTS.bot],
    gone: false,
    removed: 0,
    told: ['resurrected'],
  },
  {
    now: 'its own incarnation',
    incarnationId: 'an incarnation',
    hosts: [HOSTS.nothing],
    gone: true,
    removed: 0,
    told: ['resurrected'],
  },
  {
    now: 'another incarnation',
    incarnationId: 'another',
    hosts: [HOSTS.bot],
    gone: true,
    removed: 0,
    told: [],
  },
])(
  'the saga saw no bot, $now holds the allocation, found now: $hosts.0.items.length: gone is $gone',
  async ({ incarnationId, hosts, gone, removed, told }) => {
    const observed = await finish({ incarnationId, hosts }, NOTHING_OBSERVED);
    expect(observed).toEqual({ gone, removed, told });
  },
);

const OBSERVED = { observedBots: [RUNNING], observedInPart: false, observedAtRest: true };
const OBSERVED_IN_PART = { ...OBSERVED, observedInPart: true };

it.each([
  { saga: 'saw no bot', observed: NOTHING_OBSERVED, hosts: [HOSTS.bot, HOSTS.away], removed: 1 },
  {
    saga: 'saw no bot',
    observed: NOTHING_OBSERVED,
    hosts: [HOSTS.nothing, HOSTS.away],
    removed: 0,
  },
  { saga: 'saw part', observed: OBSERVED_IN_PART, hosts: [HOSTS.nothing, HOSTS.away], removed: 1 },
])(
  'the saga $saga, a host is away: what is found is removed, and nothing is gone before that host has answered',
  async ({ observed, hosts, removed }) => {
    const away = await finish({ incarnationId: null, hosts }, observed);
    expect(away).toEqual({ gone: false, removed, told: [] });
    const back = await finish({ incarnationId: null, hosts: [HOSTS.nothing, HOSTS.bot] }, observed);
    expect(back).toEqual({
      gone: true,
      removed: removed + (hosts[0] === HOSTS.bot ? 0 : 1),
      told: [],
    });
  },
);

it('the saga saw the bot, and every host had answered it: gone with that, whoever is away now', async () => {
  const observed = await finish({ incarnationId: null, hosts: [HOSTS.away] }, OBSERVED);
  expect(observed).toEqual({ gone: true, removed: 1, told: [] });
});

it.each([
  { stop: 'was seen at rest', observedAtRest: true, doubt: 'it lost its disk', gone: true },
  { stop: 'was given up', observedAtRest: false, doubt: 'it lost its disk', gone: false },
  { stop: 'was given up', observedAtRest: false, doubt: undefined, gone: true },
])(
  'its host does not hold it any more, the stop $stop, the doubt: $doubt: gone is $gone (I4)',
  async ({ observedAtRest, doubt, gone }) => {
    const world = { incarnationId: null, hosts: [HOSTS.nothing], holds: false };
    const doubted = doubt === undefined ? world : { ...world, doubt };
    expect(await finish(doubted, { ...OBSERVED, observedAtRest })).toEqual({
      gone,
      removed: 0,
      told: [],
    });
  },
);

it.each([{ saw: OBSERVED }, { saw: OBSERVED_IN_PART }, { saw: NOTHING_OBSERVED }])(
  'a new incarnation of the id holds an allocation: nothing is touched, whatever the saga saw, and it ends (I5): $saw',
  async ({ saw }) => {
    const observed = await finish({ incarnationId: 'another', hosts: [HOSTS.bot] }, saw);
    expect(observed).toEqual({ gone: true, removed: 0, told: [] });
  },
);

const OWN = observedDedicated({ containerId: 'own' });

it.each([
  {
    stop: 'given up',
    observedAtRest: false,
    now: 'running',
    observation: ok(OWN, new Date(0)),
    gone: true,
    removed: 1,
  },
  {
    stop: 'observed',
    observedAtRest: true,
    now: 'at rest',
    observation: ok({ ...OWN, running: false }, new Date(0)),
    gone: true,
    removed: 1,
  },
  {
    stop: 'observed',
    observedAtRest: true,
    now: 'running',
    observation: ok(OWN, new Date(0)),
    gone: true,
    removed: 0,
  },
  {
    stop: 'observed',
    observedAtRest: true,
    now: 'away',
    observation: HOSTS.away,
    gone: false,
    removed: 0,
  },
])(
  'a new incarnation holds an allocation, the stop of the old container was $stop, it is $now: removed by its id $removed times',
  async ({ observedAtRest, observation, gone, removed }) => {
    const saw = { observedBots: [RUNNING, OWN], observedInPart: false, observedAtRest };
    const observed = await finish(
      { incarnationId: 'another', hosts: [HOSTS.bot], observation },
      saw,
    );
    expect(observed).toEqual({ gone, removed, told: [] });
  },
);

it('a new incarnation comes to be between the observation and the removal: the removal is refused, and the next observation ends it (I5)', async () => {
  let incarnationId: string | null = null;
  const world = {
    hosts: [HOSTS.bot],
    get incarnationId() {
      return incarnationId;
    },
  };
  const born = () => {
    incarnationId = 'another';
  };
  expect(await finish(world, OBSERVED, born)).toEqual({ gone: false, removed: 0, told: [] });
  expect(await finish(world, OBSERVED)).toEqual({ gone: true, removed: 0, told: [] });
});

/** The fence of a change, and whom it has asked. */
function fenceOn(pools: PoolState, given: Partial<Parameters<typeof whileItsOwn>[1]> = {}) {
  const asked: string[] = [];
  const wallets: Wallets = {
    ...inertPorts<Wallets>(),
    readAllocation: async () => {
      asked.push('the wallet');
      return { status: 'absent', firebaseUid };
    },
  };
  const { signal } = new AbortController();
  const fence = async () => void asked.push('the claim');
  const one = { incarnation, firebaseUid, openedAt: new Date(0), slot: null, ...given };
  const own = whileItsOwn({ wallets, poolStates: poolStatesOver({ pools }) }, one, {
    signal,
    fence,
  });
  return { asked, fence: own.fence };
}

it('the wallet takes its time before a change: the claim is proved after its answer, not before it (I5)', async () => {
  const { asked, fence } = fenceOn(NO_POOLS);
  await fence();
  expect(asked).toEqual(['the wallet', 'the claim']);
});

it('the platform gives the id a new place before a change, and writes its money last: the change is refused (I5)', async () => {
  const pools = poolStateOf('uid-1');
  const instanceId = toInstanceId('uid-1-bot-2');
  const bot = { incarnation: { ...incarnation, instanceId } };
  const placedAt = pools.botMapping[instanceId]?.createdAt ?? 'unreachable';
  const slot = { poolId: 'uid-1-pool-2', containerName: 'x', slotIndex: 0, port: 1 };
  await expect(fenceOn(pools, bot).fence()).rejects.toMatchObject({ code: NEW_INCARNATION });
  const late = { ...bot, openedAt: new Date('2100-01-01') };
  await fenceOn(pools, { ...late, slot: { ...slot, placedAt } }).fence();
  const before = fenceOn(pools, {
    ...late,
    slot: { ...slot, placedAt: new Date(0).toISOString() },
  });
  await expect(before.fence()).rejects.toMatchObject({ code: NEW_INCARNATION });
  expect(before.asked).not.toContain('the claim');
});

interface World {
  /** Of the allocation that stands there. */
  readonly incarnationId: string | null;
  readonly hosts: readonly SourceAnswer<readonly ObservedBot[]>[];
  /** Whether what the saga saw is still there. Default true. */
  readonly holds?: boolean;
  /** What its host says of a container of its own. */
  readonly observation?: SourceAnswer<ObservedBot>;
  /** Why the hosts are not believed. */
  readonly doubt?: string;
}

/** @param beforeRemoval what happens between the observation and the removal. */
async function finish(
  world: World,
  saw: ObservedIncarnation & Partial<Pick<Tombstone, 'observedAtRest'>>,
  beforeRemoval = () => {},
) {
  const { hosts } = world;
  const observed = { removed: 0, told: [] as string[] };
  const wallets: Wallets = {
    ...inertPorts<Wallets>(),
    readAllocation: async () => {
      const { incarnationId } = world;
      if (incarnationId === null) return { status: 'absent', firebaseUid };
      const facts = {
        botName: 'bot',
        value: 1,
        notMoney: null,
        lock: null,
        settledOpId: null,
      };
      return { status: 'present', firebaseUid, allocation: { incarnationId, ...facts } };
    },
  };
  const bots: Bots = {
    ...inertPorts<Bots>(),
    locate: async () => joinAnswers(hosts, new Date(0)),
    observe: async () => world.observation ?? unknown('not asked'),
    remove: async (_id, _seen, { fence }) => {
      beforeRemoval();
      if (world.holds === false) return 'gone';
      await fence();
      observed.removed += 1;
      return 'removed';
    },
  };
  const findings: Findings = {
    ...inertPorts<Findings>(),
    report: async ({ kind }) => void observed.told.push(kind),
  };
  const call = { signal: new AbortController().signal, fence: async () => undefined };
  const one = { incarnation, firebaseUid, openedAt: new Date(0), slot: null };
  const named = { observedAtRest: false, ...one, ...saw };
  const { doubt } = world;
  const hostExpectations: HostExpectations =
    doubt === undefined
      ? EVERY_HOST_BELIEVED
      : { ...EVERY_HOST_BELIEVED, doubts: async () => [doubt] };
  const observation = await finishTombstone(
    { wallets, bots, poolStates, findings, hostExpectations },
    named,
    call,
  );
  return { gone: observation.gone, ...observed };
}
