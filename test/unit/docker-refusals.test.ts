// What the logic for bots in Docker leaves behind where Docker or supervisord refuses, as far as no Docker is needed.

import { RetryableError } from '@reclaim/saga';
import { expect, test } from 'vitest';
import type { ContainerView } from '../../src/bots/docker/container-view.ts';
import { DEFAULT_DEADLINES } from '../../src/bots/docker/deadlines.ts';
import type { DockerServices } from '../../src/bots/docker/docker-services.ts';
import { removePooled } from '../../src/bots/docker/pooled-bot.ts';
import { startDedicated } from '../../src/bots/docker/start-dedicated.ts';
import type { ObservedPooled } from '../../src/domain/bot.ts';
import { toFirebaseUid, toInstanceId, toUserId } from '../../src/domain/ids.ts';

const ID = toInstanceId('uid-a-bot-1');
const call = { signal: new AbortController().signal, fence: async () => undefined };
const place = { host: 'here', containerId: 'a'.repeat(64), containerName: 'freqtrade-pool-1' };

test('a removal whose stop is refused: the conf file is put aside and not gone', async () => {
  const files = new Set([`bot-${ID}.conf`]);
  const programs = [{ name: `bot-${ID}`, state: 'RUNNING' as const }];
  const host = {
    name: place.host,
    containers: { inspect: async () => viewOf('running') },
    conf: {
      list: async () => files,
      readStopSeconds: async () => undefined,
      putAside: async () => {
        files.clear();
        files.add(`bot-${ID}.conf.reclaimed`);
      },
      remove: async () => files.clear(),
    },
    supervisorReader: () => ({ statusAll: async () => programs }),
    supervisor: () => ({ stop: () => Promise.reject(new RetryableError('REFUSED', 'it runs on')) }),
  } as unknown as DockerServices;
  const state = { conf: 'present', program: 'RUNNING', programs } as const;
  const bot: ObservedPooled = { kind: 'pooled', ...place, labels: {}, poolRunning: true, ...state };
  await expect(removePooled(host, ID, bot, call)).rejects.toMatchObject({ code: 'REFUSED' });
  expect([...files]).toEqual([`bot-${ID}.conf.reclaimed`]);
});

test('a new container that has ended and is not started again: has failed at the first observation', async () => {
  let inspections = 0;
  const bot = { instanceId: ID, userId: toUserId('0'.repeat(24)), firebaseUid: toFirebaseUid('u') };
  const labels = {
    'reclaim.managed': 'true',
    'reclaim.instance-id': ID,
    'reclaim.user-id': bot.firebaseUid,
  };
  const names = [`freqtrade-${ID}`];
  const host = {
    name: place.host,
    containers: {
      list: async () => [{ id: place.containerId, names, labels, status: 'exited' }],
      inspect: async () => {
        inspections += 1;
        return { ...viewOf('exited'), labels };
      },
      start: async () => undefined,
    },
    deadlines: DEFAULT_DEADLINES,
  } as unknown as DockerServices;
  const order = { kind: 'dedicated', host: place.host, image: 'bots/freqtrade:1' } as const;
  await expect(startDedicated(host, bot, order, call)).rejects.toMatchObject({
    code: 'CONTAINER_DID_NOT_START',
  });
  // Found by its name, then observed once.
  expect(inspections).toBe(2);
});

function viewOf(status: string): ContainerView {
  return {
    ...{ id: place.containerId, name: place.containerName, labels: {}, status },
    ...{ running: status === 'running', paused: false, restarting: false },
    ...{ restartPolicy: 'no', stopSeconds: null, autoRemove: false },
  };
}
