// The memory of containers over the death of a worker: what its capture has seen is noted beside the log's write, and the
// log may have the capture where the memory has no note (I4).

import { expect, it } from 'vitest';
import type { Bots, FencedCall, ListedBot } from '../../src/bots/bots.ts';
import type { KnownContainers } from '../../src/bots/mongo-known-containers.ts';
import { rememberContainers } from '../../src/bots/remember-containers.ts';
import type { ObservedBot } from '../../src/domain/bot.ts';
import { inertPorts } from '../fakes/inert-ports.ts';

const BOT = 'ann-bot-1';
const CALL: FencedCall = { signal: new AbortController().signal, fence: async () => undefined };

function captured(containerName: string): ObservedBot {
  return {
    ...{ kind: 'dedicated', host: 'local', containerId: 'c1', containerName, labels: {} },
    ...{ running: true, paused: false, restartPolicy: '' },
  };
}

/** What a worker does that took a deletion over, and takes it back. */
async function restoreElsewhere(observed: ObservedBot): Promise<readonly string[]> {
  const done: string[] = [];
  const known = {
    ...inertPorts<KnownContainers>(),
    note: async (bots: readonly ListedBot[]) => {
      for (const { instanceId, observedBot } of bots) {
        done.push(`notes ${instanceId} in ${observedBot.containerId}`);
      }
    },
  };
  const bots = {
    ...inertPorts<Bots>(),
    restore: async () => {
      done.push('restores');
      return 'restored' as const;
    },
  };
  await rememberContainers<Bots>(bots, known).restore(BOT, observed, CALL);
  return done;
}

it('the worker died before its note landed: the one that puts the bot back notes it first', async () => {
  const done = await restoreElsewhere(captured(`freqtrade-${BOT}`));
  expect(done).toEqual([`notes ${BOT} in c1`, 'restores']);
});

it('a container that only a label calls the bot’s: put back, and not remembered', async () => {
  expect(await restoreElsewhere(captured('anything'))).toEqual(['restores']);
});
