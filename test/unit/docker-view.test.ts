// When "not found" means "not there" (I4): hosts that did not answer, pools that could not be asked, and for whose
// bots each of them is a doubt.

import { describe, expect, it } from 'vitest';
import type { HostListing, UnknownPool } from '../../src/bots/bots.ts';
import { toFirebaseUid, toUserId } from '../../src/domain/ids.ts';
import { ok, unknown } from '../../src/domain/source.ts';
import type { BotOwner } from '../../src/pool-state/ownership.ts';
import { createDockerView, type DoubtQuestion } from '../../src/sync/docker-view.ts';
import { poolStateOf } from '../support/deletions.ts';

const OWNER: BotOwner = {
  userId: toUserId('00000000000000000000000a'),
  firebaseUid: toFirebaseUid('uid-a'),
};

const question = (given: Partial<DoubtQuestion> = {}): DoubtQuestion => ({
  instanceId: 'uid-a-bot-1',
  owner: OWNER,
  dockerHost: undefined,
  poolContainers: [],
  ...given,
});

const empty = (host: string, unknownPools: readonly UnknownPool[] = []): HostListing => ({
  host,
  answer: ok([], new Date(0)),
  unknownPools,
});

const mute = (containerName: string, labels: UnknownPool['labels'] = {}): UnknownPool => ({
  containerName,
  labels,
  reason: 'mute',
});

const POOL_OF_A = 'freqtrade-pool-uid-a-pool-1';
const POOL_OF_B = 'freqtrade-pool-uid-b-pool-1';

/** Two hosts that answered with nothing, and pools of the first that could not be asked. */
function viewWith(...pools: readonly UnknownPool[]) {
  const view = createDockerView(['east', 'west']);
  view.add(empty('east', pools), null);
  view.add(empty('west'), null);
  return view;
}

describe('hosts', () => {
  it('all of them answered: no doubt', () => {
    expect(viewWith().doubt(question())).toBeNull();
    expect(viewWith().doubts()).toEqual([]);
  });

  it('one was never asked: a doubt', () => {
    const view = createDockerView(['east', 'west']);
    view.add(empty('east'), null);
    expect(view.doubt(question())).toBe('docker host "west" was not asked');
  });

  it('one did not answer: a doubt for every bot that may be there, none for a bot that our mapping places elsewhere', () => {
    const view = createDockerView(['east', 'west']);
    view.add(empty('east'), null);
    view.add({ host: 'west', answer: unknown('west is away'), unknownPools: [] }, null);
    expect(view.doubt(question())).toBe('west is away');
    expect(view.doubt(question({ dockerHost: 'west' }))).toBe('west is away');
    expect(view.doubt(question({ dockerHost: 'east' }))).toBeNull();
    expect(view.doubts()).toEqual(['west is away']);
  });

  it('the mapping names a host that is not configured (any more): a doubt', () => {
    const doubt = viewWith().doubt(question({ dockerHost: 'north' }));
    expect(doubt).toBe('docker host "north" is not configured');
  });

  it('an answer that cannot be believed: a doubt like none', () => {
    const view = viewWith();
    view.distrust('west', 'west holds nothing, but bots were seen there');
    expect(view.doubt(question())).toMatch(/west holds nothing/);
    expect(view.doubt(question({ dockerHost: 'east' }))).toBeNull();
  });
});

describe('pools that could not be asked', () => {
  it.each([
    ['the owner’s, by its name', mute(POOL_OF_A)],
    ['the owner’s, by its label', mute('pool-x', { userId: 'uid-a' })],
    ['the owner’s, by a label with the _id', mute('pool-x', { userId: OWNER.userId })],
    ['nobody’s who is known', mute('pool-x')],
  ])('%s: may hide any bot of the owner', (_, pool) => {
    expect(viewWith(pool).doubt(question())).toBe(`pool ${pool.containerName}: mute`);
  });

  it('another user’s: hides nothing, unless the pool state places the bot in it', () => {
    const view = viewWith(mute(POOL_OF_B));
    expect(view.doubt(question())).toBeNull();
    expect(view.doubt(question({ poolContainers: [POOL_OF_B] }))).toMatch(/mute/);
  });

  it('its label says another user, whatever its name says: the label counts', () => {
    const view = viewWith(mute(POOL_OF_A, { userId: 'uid-b' }));
    expect(view.doubt(question())).toBeNull();
    expect(view.doubt(question({ poolContainers: [POOL_OF_A] }))).toMatch(/mute/);
  });

  it('a name that says nothing, known to the pool state: its owner is found there', () => {
    const view = createDockerView(['east']);
    const state = poolStateOf('uid-b');
    view.add(empty('east', [mute('pool-x', { poolId: 'uid-b-pool-1' })]), state);
    expect(view.doubt(question())).toBeNull();
    const owner = { ...OWNER, firebaseUid: toFirebaseUid('uid-b') };
    expect(view.doubt(question({ owner }))).toMatch(/mute/);
  });

  it('on another host than the one our mapping names: hides nothing', () => {
    const view = viewWith(mute(POOL_OF_A));
    expect(view.doubt(question({ dockerHost: 'west' }))).toBeNull();
    expect(view.doubt(question({ dockerHost: 'east' }))).toMatch(/mute/);
  });
});

describe('what was found', () => {
  const observedBot = {
    kind: 'dedicated' as const,
    host: 'east',
    containerId: 'c1',
    containerName: 'freqtrade-uid-a-bot-1',
    labels: {},
    running: true,
    paused: false,
    restartPolicy: 'no',
  };
  const listing = (instanceId: string, host = 'east', labels = {}): HostListing => ({
    host,
    answer: ok([{ instanceId, observedBot: { ...observedBot, host, labels } }], new Date(0)),
    unknownPools: [],
  });

  it('the same id on two hosts: both are found', () => {
    const view = createDockerView(['east', 'west']);
    view.add(listing('uid-a-bot-1'), null);
    view.add(listing('uid-a-bot-1', 'west'), null);
    expect(view.find('uid-a-bot-1').map(({ host }) => host)).toEqual(['east', 'west']);
    expect([...view.all()]).toHaveLength(1);
  });

  it('a container whose label names another bot: it is that other bot, not this one', () => {
    const view = createDockerView(['east']);
    view.add(listing('uid-a-bot-1', 'east', { instanceId: 'uid-a-bot-2' }), null);
    expect(view.find('uid-a-bot-1')).toEqual([]);
  });

  it('an id that is no bot’s, or the name of something of JavaScript: data, and never found by accident', () => {
    const view = createDockerView(['east']);
    view.add(listing('no\nid'), null);
    view.add(listing('constructor'), null);
    expect([...view.all()].map(([id]) => id)).toEqual(['constructor']);
    expect(view.find('__proto__')).toEqual([]);
    expect(view.find('toString')).toEqual([]);
  });
});
