// What a survey remembers of a host is as old as its listing: the walk over all users takes minutes, and a bot that is made
// or deleted meanwhile must not be remembered by what was listed before (I4).

import { expect, it } from 'vitest';
import { ok } from '../../src/domain/source.ts';
import { type SurveyPorts, surveyAll } from '../../src/sync/survey.ts';
import { inertPorts } from '../fakes/inert-ports.ts';
import { NO_POOLS, poolStatesOver } from '../fakes/pool-states.ts';
import { createMemoryRunDrifts } from '../fakes/run-drifts.ts';
import { observedPooled } from '../support/samples.ts';

const BOT = { instanceId: 'uid-bot-1', observedBot: observedPooled({}) };

async function survey(isNoted: boolean): Promise<readonly string[]> {
  const done: string[] = [];
  const ports: SurveyPorts = {
    bots: {
      ...inertPorts<SurveyPorts['bots']>(),
      hosts: () => ['a'],
      list: async (host) => {
        done.push('lists the host');
        return { host, answer: ok([BOT], new Date(0)), unknownPools: [] };
      },
    },
    poolStates: poolStatesOver({ pools: NO_POOLS }),
    hostTrust: inertPorts(),
    holdings: {
      ...inertPorts<SurveyPorts['holdings']>(),
      stream: async function* () {
        done.push('walks over the users');
        yield [];
      },
      usersOf: async () => new Map(),
      worth: async () => [],
    },
    runDrifts: createMemoryRunDrifts(),
    hostRecords: {
      find: async () => {
        done.push('reads what is remembered');
        return new Map();
      },
      noteListing: async () => {
        done.push('notes the listing');
      },
    },
    sagas: { findHolders: async () => new Map() },
  };
  const order = { listId: 'all-1/1', beganAtMs: 0, keepOrphans: 1, isNoted };
  const { signal } = new AbortController();
  await surveyAll(ports, order, { signal, fence: async () => undefined });
  return done;
}

it('a survey: the listing is noted over what was remembered before it, and before the users are walked over', async () => {
  expect(await survey(true)).toEqual([
    ...['reads what is remembered', 'lists the host', 'notes the listing'],
    'walks over the users',
  ]);
});

it('a rehearsal: nothing is noted', async () => {
  expect(await survey(false)).toEqual(['lists the host', 'walks over the users']);
});
