// A host that is away makes its own bots unknown and no others: where another host shows the bot, that is where it is;
// where none does, nobody says that it is nowhere (I4).

import { expect, it } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import type { Bots } from '../../src/bots/bots.ts';
import { locateOwned } from '../../src/bots/locate-owned.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';
import { joinAnswers, ok, type SourceAnswer, unknown } from '../../src/domain/source.ts';
import type { Wallets } from '../../src/wallet/wallets.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { EVERY_HOST_BELIEVED } from '../support/known-hosts.ts';
import { observedDedicated, observedPooled } from '../support/samples.ts';

const owner = { userId: toUserId('6500000000000000000000aa'), firebaseUid: toFirebaseUid('uid-1') };
const instanceId = toInstanceId('uid-1-bot-1');
const labels = { userId: 'uid-1' };
const POOLED = observedPooled({ labels });
const DEDICATED = observedDedicated({ labels });
const AWAY = unknown('docker host "b" is away');

it.each([
  ['a program that runs', POOLED],
  ['a program that an operator has stopped', { ...POOLED, program: 'STOPPED' as const }],
  ['a program that runs without its conf file', { ...POOLED, conf: 'gone' as const }],
  ['a container', DEDICATED],
  ['a container that an operator has stopped', { ...DEDICATED, running: false }],
])(
  'one host shows %s, one is away: it is there, and perhaps not all of it',
  async (_, observed) => {
    expect(await locate(found(observed), AWAY)).toMatchObject({
      status: 'ok',
      items: { mine: [observed], foreign: [], unobserved: [AWAY.reason] },
    });
  },
);

it.each([
  ['nothing', []],
  ["somebody else's", [{ ...DEDICATED, labels: { userId: 'uid-2' } }]],
  ['what a deletion has put aside', [{ ...POOLED, conf: 'aside', program: 'absent' } as const]],
])('one host shows %s, one is away: unknown', async (_, observed) => {
  expect(await locate(found(...observed), AWAY)).toEqual(AWAY);
});

it('every host has answered: all there is, and nothing unseen', async () => {
  const aside = { ...POOLED, conf: 'aside', program: 'absent' } as const;
  expect(await locate(found(aside), found())).toMatchObject({
    status: 'ok',
    items: { mine: [aside], unobserved: [] },
  });
  expect(await locate(found(), found())).toMatchObject({ status: 'ok', items: { mine: [] } });
});

it('nobody was asked: unknown', async () => {
  expect(await locate()).toMatchObject({ status: 'unknown' });
});

it('who else holds the id cannot be asked: no answer, and not that nobody does (I4)', async () => {
  const away = new UnavailableError('MONGODB_UNAVAILABLE', 'away');
  const otherHolders = () => Promise.reject(away);
  const unlabelled = { ...DEDICATED, labels: {} };
  const wallets = { ...inertPorts<Wallets>(), otherHolders };
  await expect(locateWith(wallets, found(unlabelled))).rejects.toBe(away);
});

function found(...observedBots: readonly ObservedBot[]): SourceAnswer<readonly ObservedBot[]> {
  return ok(observedBots, new Date(0));
}

function locate(...hosts: readonly SourceAnswer<readonly ObservedBot[]>[]) {
  return locateWith(inertPorts<Wallets>(), ...hosts);
}

function locateWith(wallets: Wallets, ...hosts: readonly SourceAnswer<readonly ObservedBot[]>[]) {
  const bots: Bots = {
    ...inertPorts<Bots>(),
    locate: async () => joinAnswers(hosts, new Date(0)),
  };
  const { signal } = new AbortController();
  const order = { owner, instanceId, holdsAllocation: async () => true, pools: null };
  return locateOwned(
    { bots, wallets, hostExpectations: EVERY_HOST_BELIEVED },
    { ...order, call: { signal } },
  );
}
