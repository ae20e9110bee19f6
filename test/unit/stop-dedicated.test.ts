// Which calls the stop of a container of a bot's own still makes.

import { expect, test } from 'vitest';
import type { ContainerView } from '../../src/bots/docker/container-view.ts';
import { stopDedicated } from '../../src/bots/docker/dedicated-bot.ts';
import type { DockerServices } from '../../src/bots/docker/docker-services.ts';
import type { ObservedDedicated } from '../../src/domain/bot.ts';

test.each([
  ['at rest, and nothing starts it again', { running: false, restartPolicy: 'no' }, []],
  ['at rest, and its policy may have started it meanwhile', { running: false }, ['policy', 'stop']],
  ['running without a policy', { restartPolicy: 'no' }, ['stop']],
  ['running', {}, ['policy', 'stop']],
])('a container %s: only the calls that are needed', async (_, state, expected) => {
  const made: string[] = [];
  const host = {
    containers: {
      inspect: async () => ({ ...VIEW, ...state }),
      setRestartPolicy: async () => {
        made.push('policy');
        return 'set' as const;
      },
      stop: async () => void made.push('stop'),
    },
  } as unknown as DockerServices;
  const call = { signal: new AbortController().signal, fence: async () => undefined };
  expect(await stopDedicated(host, OBSERVED, call)).toBe('stopped');
  expect(made).toEqual(expected);
});

const NAMED = { containerId: 'a'.repeat(64), containerName: 'freqtrade-uid-a-bot-1' };
const STATE = { labels: {}, running: true, paused: false, restartPolicy: 'unless-stopped' };
const OBSERVED: ObservedDedicated = { kind: 'dedicated', host: 'here', ...NAMED, ...STATE };
const VIEW: ContainerView = {
  ...{ id: NAMED.containerId, name: NAMED.containerName, status: 'running', restarting: false },
  ...{ ...STATE, stopSeconds: null, autoRemove: false },
};
