// A tombstone ends where gone was observed, and nowhere else (I1): an allocation that came back is a person's to decide
// about, and until then its bot, if it is there, is neither removed nor forgotten.

import { expect, it } from 'vitest';
import type { Bots } from '../../src/bots/bots.ts';
import type { HostBelief } from '../../src/bots/host-belief.ts';
import { finishTombstone, whileItsOwn } from '../../src/deletion/finish-tombstone.ts';
import type { DedicatedSighting, PooledSighting, Sighting } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import type { Findings } from '../../src/findings/findings.ts';
import type { PoolStates } from '../../src/pool-state/pool-states.ts';
import { NOTHING_SEEN, type SeenBot, type Tombstone } from '../../src/tombstones/tombstones.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../support/inert-ports.ts';
import { EVERY_HOST_BELIEVED } from '../support/known-hosts.ts';

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
  programs: [],
};

const poolStates: PoolStates = {
  ...inertPorts<PoolStates>(),
  read: async () => ok({ pools: {}, botMapping: {}, nextPoolId: 1, updatedAt: '' }, new Date(0)),
};

/** What the hosts say when it is looked for: nothing of it, the bot, or nothing at all. */
const HOSTS = {
  nothing: ok<readonly Sighting[]>([], new Date(0)),
  bot: ok<readonly Sighting[]>([RUNNING], new Date(0)),
  away: unknown('docker host "b" is away'),
};

it.each([
  { now: 'nobody', life: null, hosts: [HOSTS.bot], gone: true, removed: 1, told: [] },
  {
    now: 'its own life',
    life: 'a life',
    hosts: [HOSTS.bot],
    gone: false,
    removed: 0,
    told: ['resurrected'],
  },
  {
    now: 'its own life',
    life: 'a life',
    hosts: [HOSTS.nothing],
    gone: true,
    removed: 0,
    told: ['resurrected'],
  },
  { now: 'another life', life: 'another', hosts: [HOSTS.bot], gone: true, removed: 0, told: [] },
])(
  'the saga saw no bot, $now holds the allocation, found now: $hosts.0.items.length: gone is $gone',
  async ({ life, hosts, gone, removed, told }) => {
    const seen = await finish({ life, hosts }, NOTHING_SEEN);
    expect(seen).toEqual({ gone, removed, told });
  },
);

const SEEN = { sightings: [RUNNING], seenInPart: false, seenAtRest: true };
const SEEN_IN_PART = { ...SEEN, seenInPart: true };

it.each([
  { saga: 'saw no bot', seen: NOTHING_SEEN, hosts: [HOSTS.bot, HOSTS.away], removed: 1 },
  { saga: 'saw no bot', seen: NOTHING_SEEN, hosts: [HOSTS.nothing, HOSTS.away], removed: 0 },
  { saga: 'saw part', seen: SEEN_IN_PART, hosts: [HOSTS.nothing, HOSTS.away], removed: 1 },
])(
  'the saga $saga, a host is away: what is found is removed, and nothing is gone before that host has answered',
  async ({ seen, hosts, removed }) => {
    const away = await finish({ life: null, hosts }, seen);
    expect(away).toEqual({ gone: false, removed, told: [] });
    const back = await finish({ life: null, hosts: [HOSTS.nothing, HOSTS.bot] }, seen);
    expect(back).toEqual({
      gone: true,
      removed: removed + (hosts[0] === HOSTS.bot ? 0 : 1),
      told: [],
    });
  },
);

it('the saga saw the bot, and every host had answered it: gone with that, whoever is away now', async () => {
  const seen = await finish({ life: null, hosts: [HOSTS.away] }, SEEN);
  expect(seen).toEqual({ gone: true, removed: 1, told: [] });
});

it.each([
  { stop: 'was seen at rest', seenAtRest: true, doubt: 'it lost its disk', gone: true },
  { stop: 'was given up', seenAtRest: false, doubt: 'it lost its disk', gone: false },
  { stop: 'was given up', seenAtRest: false, doubt: undefined, gone: true },
])(
  'its host does not hold it any more, the stop $stop, the doubt: $doubt: gone is $gone (I4)',
  async ({ seenAtRest, doubt, gone }) => {
    const world = { life: null, hosts: [HOSTS.nothing], holds: false };
    const doubted = doubt === undefined ? world : { ...world, doubt };
    expect(await finish(doubted, { ...SEEN, seenAtRest })).toEqual({ gone, removed: 0, told: [] });
  },
);

it.each([{ saw: SEEN }, { saw: SEEN_IN_PART }, { saw: NOTHING_SEEN }])(
  'a new life of the id holds an allocation: nothing is touched, whatever the saga saw, and it ends (I5): $saw',
  async ({ saw }) => {
    const seen = await finish({ life: 'another', hosts: [HOSTS.bot] }, saw);
    expect(seen).toEqual({ gone: true, removed: 0, told: [] });
  },
);

const OWN: DedicatedSighting = {
  kind: 'dedicated',
  host: 'a',
  containerId: 'own',
  containerName: 'freqtrade-uid-1-bot-1',
  labels: {},
  running: true,
  paused: false,
  restartPolicy: 'no',
};

it.each([
  {
    stop: 'given up',
    seenAtRest: false,
    now: 'running',
    look: ok(OWN, new Date(0)),
    gone: true,
    removed: 1,
  },
  {
    stop: 'seen',
    seenAtRest: true,
    now: 'at rest',
    look: ok({ ...OWN, running: false }, new Date(0)),
    gone: true,
    removed: 1,
  },
  {
    stop: 'seen',
    seenAtRest: true,
    now: 'running',
    look: ok(OWN, new Date(0)),
    gone: true,
    removed: 0,
  },
  { stop: 'seen', seenAtRest: true, now: 'away', look: HOSTS.away, gone: false, removed: 0 },
])(
  'a new life holds an allocation, the stop of the old container was $stop, it is $now: removed by its id $removed times',
  async ({ seenAtRest, look, gone, removed }) => {
    const saw = { sightings: [RUNNING, OWN], seenInPart: false, seenAtRest };
    const seen = await finish({ life: 'another', hosts: [HOSTS.bot], look }, saw);
    expect(seen).toEqual({ gone, removed, told: [] });
  },
);

it('a new life comes to be between the look and the removal: the removal is refused, and the next look ends it (I5)', async () => {
  let life: string | null = null;
  const world = {
    hosts: [HOSTS.bot],
    get life() {
      return life;
    },
  };
  const born = () => {
    life = 'another';
  };
  expect(await finish(world, SEEN, born)).toEqual({ gone: false, removed: 0, told: [] });
  expect(await finish(world, SEEN)).toEqual({ gone: true, removed: 0, told: [] });
});

it('the wallet takes its time before a change: the claim is proved after its answer, not before it (I5)', async () => {
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
  const one = { incarnation, firebaseUid, openedAt: new Date(0), slot: null };
  await whileItsOwn({ wallets, poolStates }, one, { signal, fence }).fence();
  expect(asked).toEqual(['the wallet', 'the claim']);
});

interface World {
  /** Of the allocation that stands there. */
  readonly life: string | null;
  readonly hosts: readonly SourceAnswer<readonly Sighting[]>[];
  /** Whether what the saga saw is still there. Default true. */
  readonly holds?: boolean;
  /** What its host says of a container of its own. */
  readonly look?: SourceAnswer<Sighting>;
  /** Why the hosts are not believed. */
  readonly doubt?: string;
}

/** @param beforeRemoval what happens between the look and the removal. */
async function finish(
  world: World,
  saw: SeenBot & Partial<Pick<Tombstone, 'seenAtRest'>>,
  beforeRemoval = () => {},
) {
  const { hosts } = world;
  const seen = { removed: 0, told: [] as string[] };
  const wallets: Wallets = {
    ...inertPorts<Wallets>(),
    readAllocation: async () => {
      const { life } = world;
      if (life === null) return { status: 'absent', firebaseUid };
      const facts = { botName: 'bot', value: 1, notMoney: null, mark: null, settledOpId: null };
      return { status: 'present', firebaseUid, allocation: { life, ...facts } };
    },
  };
  const bots: Bots = {
    ...inertPorts<Bots>(),
    locate: async () => joinAnswers(hosts, new Date(0)),
    look: async () => world.look ?? unknown('not asked'),
    remove: async (_id, _seen, { fence }) => {
      beforeRemoval();
      if (world.holds === false) return 'gone';
      await fence();
      seen.removed += 1;
      return 'removed';
    },
  };
  const findings: Findings = {
    ...inertPorts<Findings>(),
    report: async ({ kind }) => void seen.told.push(kind),
  };
  const call = { signal: new AbortController().signal, fence: async () => undefined };
  const one = { incarnation, firebaseUid, openedAt: new Date(0), slot: null };
  const named = { seenAtRest: false, ...one, ...saw };
  const { doubt } = world;
  const hostBelief: HostBelief =
    doubt === undefined
      ? EVERY_HOST_BELIEVED
      : { ...EVERY_HOST_BELIEVED, doubts: async () => [doubt] };
  const look = await finishTombstone(
    { wallets, bots, poolStates, findings, hostBelief },
    named,
    call,
  );
  return { gone: look.gone, ...seen };
}
