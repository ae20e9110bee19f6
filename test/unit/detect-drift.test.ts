// The verdicts over worlds that nobody would think of: every mixture of answers, owners, duplicates and doubts. What
// must hold of an orphan is said here a second time, from the raw answers, so that it does not lean on the code under
// test (I4).

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostListing, UnknownPool } from '../../src/bots/bots.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import type { BotOwner } from '../../src/pool-state/ownership.ts';
import type { BotMapping, PoolState } from '../../src/pool-state/pool-state.ts';
import { type BotDrift, detectDrift } from '../../src/sync/detect-drift.ts';
import { createDockerView } from '../../src/sync/docker-view.ts';
import { sampleMapping, samplePool } from '../support/pool-state-samples.ts';

const A: BotOwner = {
  userId: toUserId('00000000000000000000000a'),
  firebaseUid: toFirebaseUid('uid-a'),
};
const NAMES_OF_A: readonly unknown[] = [A.userId, 'uid-a'];
const IDS = ['uid-a-bot-1', 'uid-b-bot-1', 'old-1', 'constructor'].map(toInstanceId);
const HOSTS = ['east', 'west'] as const;
const POOL_A = 'freqtrade-pool-uid-a-pool-1';
const POOL_B = 'freqtrade-pool-uid-b-pool-1';
/** A name that says nothing of its owner. */
const POOL_X = 'pool-x';

interface World {
  readonly hosts: readonly HostListing[];
  readonly pools: SourceAnswer<PoolState>;
  readonly allocations: typeof IDS;
}

const userLabel = fc.constantFrom('uid-a', A.userId, 'uid-b', undefined);

function observedBotOn(host: string): fc.Arbitrary<ObservedBot> {
  const labelled = userLabel.map((userId) => (userId === undefined ? {} : { userId }));
  return fc.oneof(
    fc.record({ labels: labelled, running: fc.boolean() }).map(
      ({ labels, running }): ObservedBot => ({
        ...{ kind: 'dedicated', host, containerId: 'c', containerName: 'freqtrade-some' },
        ...{ labels, running, paused: false, restartPolicy: 'no' },
      }),
    ),
    fc.record({ containerName: fc.constantFrom(POOL_A, POOL_B, POOL_X), labels: labelled }).map(
      (pool): ObservedBot => ({
        ...{ kind: 'pooled', host, containerId: 'p', ...pool, poolRunning: true },
        ...{ conf: 'present', program: 'STOPPED', programs: [] },
      }),
    ),
  );
}

function listingOf(host: string): fc.Arbitrary<HostListing> {
  const bots = fc.array(
    fc.record({ instanceId: fc.constantFrom(...IDS), observedBot: observedBotOn(host) }),
    { maxLength: 4 },
  );
  const unknownPool: fc.Arbitrary<UnknownPool> = fc.record({
    containerName: fc.constantFrom(POOL_A, POOL_B, POOL_X),
    labels: userLabel.map((userId) => (userId === undefined ? {} : { userId })),
    reason: fc.constant('mute'),
  });
  return fc
    .record({
      isAway: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      bots,
      unknownPools: fc.oneof(
        { weight: 4, arbitrary: fc.constant<UnknownPool[]>([]) },
        { weight: 1, arbitrary: fc.array(unknownPool, { maxLength: 2 }) },
      ),
    })
    .map(({ isAway, bots: items, unknownPools }) =>
      isAway
        ? { host, answer: unknown(`${host} is away`), unknownPools: [] }
        : { host, answer: ok(items, new Date(0)), unknownPools },
    );
}

const mapping = fc.record({
  instanceId: fc.constantFrom(...IDS),
  userId: fc.constantFrom('uid-a', 'uid-b'),
  containerName: fc.constantFrom(POOL_A, POOL_B, 'freqtrade-some'),
  dockerHost: fc.constantFrom(undefined, undefined, 'east', 'west', 'north'),
});

const poolStates: fc.Arbitrary<PoolState> = fc
  .record({
    ofA: fc.array(fc.constantFrom(...IDS), { maxLength: 3 }),
    ofB: fc.array(fc.constantFrom(...IDS), { maxLength: 3 }),
    mappings: fc.array(mapping, { maxLength: 3 }),
  })
  .map(({ ofA, ofB, mappings }) => ({
    pools: {
      'uid-a-pool-1': samplePool('uid-a', ofA),
      'uid-b-pool-1': samplePool('uid-b', ofB),
    },
    botMapping: Object.fromEntries(
      mappings.map(({ instanceId, userId, containerName, dockerHost }): [string, BotMapping] => {
        const placed = { ...sampleMapping(userId, instanceId, 0), containerName };
        return [instanceId, dockerHost === undefined ? placed : { ...placed, dockerHost }];
      }),
    ),
    nextPoolId: 2,
    updatedAt: '2026-11-01T00:00:00.000Z',
  }));

const worlds: fc.Arbitrary<World> = fc.record({
  hosts: fc.tuple(listingOf('east'), listingOf('west')),
  pools: fc.oneof(
    { weight: 5, arbitrary: poolStates.map((state) => ok(state, new Date(0))) },
    { weight: 1, arbitrary: fc.constant(unknown('torn')) },
  ),
  allocations: fc.subarray(IDS),
});

function detect({ hosts, pools, allocations }: World, owner = A): readonly BotDrift[] {
  const docker = createDockerView(HOSTS);
  for (const listing of hosts) docker.add(listing, pools.status === 'ok' ? pools.items : null);
  const named = new Set<string>(IDS.filter((id) => id.startsWith(`${owner.firebaseUid}-bot-`)));
  return detectDrift({ pools, docker }, owner, allocations, named);
}

const orphansOf = (drifts: readonly BotDrift[]) =>
  drifts.filter(({ verdict }) => verdict === 'orphan').map(({ instanceId }) => instanceId);

const stateOf = ({ pools }: World) => (pools.status === 'ok' ? pools.items : null);

/** Everybody whom label, or else mapping, pool and pool's name have as the container's owner. */
function namedOwners(
  world: World,
  id: string,
  { containerName, labels, kind }: ObservedBot,
): readonly string[] {
  const mapped = mappingOf(world, id);
  const byMapping = mapped?.containerName === containerName ? mapped.userId : undefined;
  const byPool = { [POOL_A]: 'uid-a', [POOL_B]: 'uid-b' }[containerName];
  if (labels.userId !== undefined) return [labels.userId];
  return [byMapping, kind === 'pooled' ? byPool : undefined].filter((name) => name !== undefined);
}

const isOfA = (name: string) => NAMES_OF_A.includes(name);

/** Somebody is named, and it is never this user. */
function isForeign(world: World, id: string, observed: ObservedBot): boolean {
  const names = namedOwners(world, id, observed);
  return names.length > 0 && !names.some(isOfA);
}

function mappingOf(world: World, id: string): BotMapping | undefined {
  const mappings = stateOf(world)?.botMapping ?? {};
  return Object.hasOwn(mappings, id) ? mappings[id] : undefined;
}

function observedBotsOf({ hosts }: World, id: string): readonly ObservedBot[] {
  return hosts.flatMap(({ answer }) =>
    answer.status === 'unknown'
      ? []
      : answer.items.filter((bot) => bot.instanceId === id).map(({ observedBot }) => observedBot),
  );
}

/** Every host that may hold the bot: where this user's own mapping says, else all. */
function mayHold(world: World, id: string): readonly string[] {
  const mapped = mappingOf(world, id);
  const isOwn = mapped !== undefined && isOfA(mapped.userId) && mapped.containerName !== POOL_B;
  return isOwn && mapped.dockerHost !== undefined ? [mapped.dockerHost] : HOSTS;
}

function check(property: (world: World) => void): void {
  fc.assert(fc.property(worlds, property), { numRuns: 2_000 });
}

describe('any world', () => {
  it('an orphan: the pool state was read, and every host that may hold the bot said no (I4)', () => {
    let orphans = 0;
    check((world) => {
      for (const id of orphansOf(detect(world))) {
        orphans += 1;
        expect(world.pools.status).toBe('ok');
        for (const name of mayHold(world, id)) {
          const listing = world.hosts.find(({ host }) => host === name);
          expect(listing?.answer.status, `${id} may be on ${name}`).toBe('ok');
        }
      }
    });
    expect(orphans).toBeGreaterThan(500);
  });

  it('an orphan: whatever carries its id is positively another user’s', () => {
    check((world) => {
      for (const id of orphansOf(detect(world))) {
        for (const observed of observedBotsOf(world, id)) {
          expect(isForeign(world, id, observed), `${id} in ${observed.containerName}`).toBe(true);
        }
      }
    });
  });

  it('an orphan: no pool that could not be asked is the user’s, nobody’s, or named for the bot', () => {
    check((world) => {
      for (const id of orphansOf(detect(world))) {
        const mute = world.hosts
          .filter(({ host }) => mayHold(world, id).includes(host))
          .flatMap(({ unknownPools }) => unknownPools);
        for (const { containerName, labels } of mute) {
          const byName = { [POOL_A]: 'uid-a', [POOL_B]: 'uid-b' }[containerName];
          const owner = labels.userId ?? byName;
          expect(owner, containerName).toBeDefined();
          expect(NAMES_OF_A).not.toContain(owner);
          expect(mappingOf(world, id)?.containerName).not.toBe(containerName);
        }
      }
    });
  });

  it('one source less: nothing becomes an orphan that was none', () => {
    check((world) => {
      const before = orphansOf(detect(world));
      expect(orphansOf(detect({ ...world, pools: unknown('gone') }))).toEqual([]);
      for (const away of HOSTS) {
        const hosts = world.hosts.map(
          (listing): HostListing =>
            listing.host === away
              ? { host: away, answer: unknown('gone'), unknownPools: [] }
              : listing,
        );
        const now = orphansOf(detect({ ...world, hosts }));
        // Our own mapping says that the bot cannot be on the host that is away.
        const excluded = IDS.filter((id) => !mayHold(world, id).includes(away));
        expect([...before, ...excluded]).toEqual(expect.arrayContaining(now));
      }
    });
  });

  it('every allocation and every bot of the user: exactly one verdict, in one order', () => {
    check((world) => {
      const ids = detect(world).map(({ instanceId }) => instanceId);
      expect(ids).toEqual([...new Set(ids)].sort());
      expect(ids).toEqual(expect.arrayContaining(world.allocations));
    });
  });

  it('a container that names the user: live with an allocation, a ghost without, whatever else is duplicated or away', () => {
    check((world) => {
      const drifts = new Map(detect(world).map((drift) => [drift.instanceId, drift]));
      for (const id of IDS) {
        const isMine = (observed: ObservedBot) => {
          const names = namedOwners(world, id, observed);
          return names.length > 0 && names.every(isOfA);
        };
        if (!observedBotsOf(world, id).some(isMine)) continue;
        const expected = world.allocations.includes(id) ? ['live', 'lost-entry'] : ['ghost'];
        expect(expected).toContain(drifts.get(id)?.verdict);
      }
    });
  });

  it('a container that names another user: a conflict, never evidence', () => {
    let conflicts = 0;
    check((world) => {
      for (const { instanceId, found, conflicts: where } of detect(world)) {
        const foreign = observedBotsOf(world, instanceId).filter((observed) =>
          isForeign(world, instanceId, observed),
        );
        conflicts += foreign.length;
        expect(where).toEqual(
          expect.arrayContaining(foreign.map((observed) => observed.containerName)),
        );
        expect(found.length + foreign.length).toBeLessThanOrEqual(
          observedBotsOf(world, instanceId).length,
        );
        for (const { claims } of found) {
          const isPlace = claims.place !== null && NAMES_OF_A.includes(claims.place);
          const others = claims.names.filter((name) => !NAMES_OF_A.includes(name));
          expect(others.length === 0 || isPlace).toBe(true);
        }
      }
    });
    expect(conflicts).toBeGreaterThan(500);
  });

  it('nobody but the user’s own: another user’s bots are in no verdict of theirs', () => {
    check((world) => {
      const { hosts, pools } = world;
      for (const { instanceId, verdict, entry, found } of detect({
        hosts,
        pools,
        allocations: [],
      })) {
        if (verdict === 'stale-entry') expect(entry).not.toBeNull();
        if (verdict === 'ghost') expect(found).not.toEqual([]);
        expect(['ghost', 'stale-entry', 'unknown'], instanceId).toContain(verdict);
      }
    });
  });
});
