// What the port of bots says of a host that is gone by an administrator's decision (I4).

import { UnavailableError } from '@reclaim/saga';
import { expect, it } from 'vitest';
import type { Bots } from '../../src/bots/bots.ts';
import { withoutGoneHosts } from '../../src/bots/hosts/without-gone-hosts.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { ok } from '../../src/domain/source.ts';
import { inertPorts } from '../fakes/inert-ports.ts';

const AT = new Date(0);
const call = { signal: new AbortController().signal, fence: async () => undefined };
const GONE = { at: AT.toISOString(), by: 'admin:ann', reason: 'it burnt' };

const on = (host: string): ObservedBot => ({
  ...{ kind: 'dedicated', host, containerId: 'c', containerName: 'freqtrade-b', labels: {} },
  ...{ running: true, paused: false, restartPolicy: '' },
});

function portOver(findGone: () => Promise<ReadonlyMap<string, typeof GONE>>) {
  const asked: unknown[] = [];
  const bots: Bots = {
    ...inertPorts<Bots>(),
    hosts: () => ['east'],
    locate: async (query) => {
      asked.push(query.dockerHost ?? 'all');
      return ok([], AT);
    },
    observe: async (_, observed) => ok(observed, AT),
    stop: async () => 'stopped',
    restore: async () => 'restored',
    remove: async () => 'removed',
  };
  return { asked, port: withoutGoneHosts(bots, { findGone }, () => AT) };
}

it('gone: nothing to stop, restore or remove, and every host is asked; of a configured one nothing changes', async () => {
  // The decision is on both: one that is configured is asked all the same.
  const { asked, port } = portOver(
    async () =>
      new Map([
        ['lost', GONE],
        ['east', GONE],
      ]),
  );
  const answersOf = async (host: string) => [
    await port.stop('b', on(host), call),
    await port.restore('b', on(host), call),
    await port.remove('b', on(host), call),
    await port.observe('b', on(host), call),
  ];
  expect(await answersOf('lost')).toEqual(['gone', 'gone', 'gone', ok(null, AT)]);
  expect(await answersOf('east')).toEqual(['stopped', 'restored', 'removed', ok(on('east'), AT)]);
  const query = { instanceId: 'b', firebaseUid: null, poolContainers: [] };
  for (const dockerHost of ['lost', 'east']) await port.locate({ ...query, dockerHost }, call);
  expect(asked).toEqual(['all', 'east']);
});

it('the decisions cannot be read: unknown, and nothing counts as gone', async () => {
  const { port } = portOver(() =>
    Promise.reject(new UnavailableError('MONGODB_AWAY', 'no primary')),
  );
  const query = { instanceId: 'b', firebaseUid: null, poolContainers: [], dockerHost: 'lost' };
  expect(await port.locate(query, call)).toMatchObject({ status: 'unknown', found: [] });
  expect(await port.observe('b', on('lost'), call)).toMatchObject({ status: 'unknown' });
  await expect(port.remove('b', on('lost'), call)).rejects.toThrow('no primary');
});
