// Who is told what of a failure: users a code and a sentence, operators what happened.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { messageFor } from '../../src/api/message-for.ts';
import type { BotView } from '../../src/sync/bot-view.ts';
import { createTestApi, expectProblem, type TestApi } from '../support/api.ts';
import { readEvents } from '../support/event-stream.ts';
import { sagaIn } from '../support/saga-in.ts';

const PREFIX = '/api/freqtrade';
const SECRETS = ['/var/lib/reclaim/.container-pool-state.json', '/var/run/docker.sock', 'mallory'];
const INTERNAL = SECRETS.join(' ');

const COUNTS = { returnedMinor: 0, orphans: 0, ghosts: [], rebuiltEntries: [], removedEntries: [] };

const cause = { class: 'retryable', code: 'DOCKER_UNREACHABLE', message: INTERNAL } as const;

function failing(phase: 'running' | 'stuck' | 'completed' | 'compensated', kind = 'delete-bot') {
  const base = sagaIn(phase, { kind, ...(phase === 'compensated' && { result: null }) });
  const steps = base.state.steps.map((step) => ({ ...step, error: cause }));
  const warnings = [
    { code: 'stop-failed', message: INTERNAL },
    { code: 'remove-container-unfinished', message: INTERNAL },
    { code: 'of-another-release', message: INTERNAL },
  ];
  return { ...base, state: { ...base.state, steps, warnings, cause: { ...cause, step: 'stop' } } };
}

function expectNothingInternal(text: string): void {
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}

describe('a job that failed', () => {
  test.each(['running', 'stuck', 'completed', 'compensated'] as const)(
    '%s: its user reads a code and a sentence, an operator the text',
    async (phase) => {
      const saga = failing(phase);
      const api = await createTestApi({ sagas: [saga] });
      for (const url of [`${PREFIX}/jobs/${saga.id}`, `${PREFIX}/jobs`]) {
        const mine = (await api.as('alice', { url })).body;
        expectNothingInternal(mine);
        expect(mine).toContain('DOCKER_UNREACHABLE');
        expect(mine).toContain('The host of the bot did not answer as it should.');
        const all = `${url}${url.endsWith('/jobs') ? '?scope=all' : ''}`;
        expect((await api.as('root', { url: all, admin: true })).body).toContain(SECRETS[0]);
      }
    },
  );

  test('as an event stream: the same', async () => {
    const saga = failing('completed');
    const api = await createTestApi({ sagas: [saga] });
    const url = `${await api.app.listen({ port: 0, host: '127.0.0.1' })}${PREFIX}/jobs/${saga.id}/events`;
    const mine = await readEvents(url, await api.token('alice'));
    await mine.hasEnded();
    expectNothingInternal(mine.text());
    expect(mine.text()).toContain('DOCKER_UNREACHABLE');
    const operators = await readEvents(url, await api.token('root', { admin: true }));
    await operators.hasEnded();
    expect(operators.text()).toContain(SECRETS[0]);
  });

  test('as the answer that was waited for: the same', async () => {
    const deleted = failing('completed');
    const undone = failing('compensated', 'provision-bot');
    const ask = async (api: TestApi, request: object, admin: boolean) =>
      (await api.as('alice', { ...request, admin })).body;
    const deletion = { method: 'DELETE', url: `${PREFIX}/bots/alice-bot-1` } as const;
    const payload = { botName: 'A', allocatedAmount: 1 };
    const provision = { method: 'POST', url: `${PREFIX}/provision`, payload } as const;
    const api = await createTestApi({
      answer: { status: 'existing', saga: deleted },
      provision: { status: 'existing', saga: undone },
    });
    for (const request of [deletion, provision]) {
      expectNothingInternal(await ask(api, request, false));
      expect(await ask(api, request, true)).toContain(SECRETS[0]);
    }
    expect(await ask(api, provision, false)).toContain('(DOCKER_UNREACHABLE)');
  });

  test('the result of a kind that is made for operators: not shown', async () => {
    const saga = sagaIn('completed', { kind: 'restart-bot', result: { reason: INTERNAL } });
    const api = await createTestApi({ sagas: [saga] });
    const url = `${PREFIX}/jobs/${saga.id}`;
    expectNothingInternal((await api.as('alice', { url })).body);
    expect((await api.as('root', { url, admin: true })).body).toContain(SECRETS[0]);
  });
});

test('what a synchronisation left alone: the code of its reason; to operators what the sources said', async () => {
  const skipped = [{ botId: 'alice-bot-1', reason: `unknown: ${INTERNAL}` }];
  const money = { totalReturned: 0, newWalletBalance: 1 };
  const data = { runningBots: [], validAllocations: [], cleanedBots: [], ...money, skipped };
  const saga = sagaIn('completed', { kind: 'sync-wallet', result: { data } });
  const syncs = {
    request: async () => saga,
    rehearse: async () => ({ ...COUNTS, data }),
  };
  const api = await createTestApi({ sagas: [saga], deps: { syncs } });
  const sync = { method: 'POST', url: `${PREFIX}/sync-wallet` } as const;
  const requests = [
    sync,
    { ...sync, url: `${sync.url}?dryRun=true` },
    { url: `${PREFIX}/jobs/${saga.id}` },
  ] as const;
  for (const request of requests) {
    const mine = await api.as('alice', request);
    expectNothingInternal(mine.body);
    expect(mine.body).toContain('"reason":"unknown"');
    expect((await api.as('alice', { ...request, admin: true })).body).toContain(SECRETS[0]);
  }
});

test('sources that do not answer: 503 with a sentence; the reasons are the operators’, and in the log', async () => {
  const unknown = { status: 'sources-unknown', reasons: [INTERNAL] } as const;
  const api = await createTestApi({ answer: unknown, provision: unknown });
  const payload = { botName: 'A', allocatedAmount: 1 };
  for (const request of [
    { method: 'DELETE', url: `${PREFIX}/bots/alice-bot-1` },
    { method: 'POST', url: `${PREFIX}/provision`, payload },
  ] as const) {
    const mine = await api.as('alice', request);
    expectProblem(mine, 503, 'sources-unknown');
    expectNothingInternal(mine.body);
    expect((await api.as('alice', { ...request, admin: true })).body).toContain(SECRETS[0]);
  }
  expect(api.logLines.filter((line) => line.includes('sources do not answer')).join()).toContain(
    SECRETS[0],
  );
});

test('an error that another service gave its status: neither its text nor its kind of words', async () => {
  const conflict = Object.assign(new Error(`(HTTP code 409) conflict - ${INTERNAL}`), {
    statusCode: 409,
  });
  const api = await createTestApi({ answer: () => Promise.reject(conflict) });
  const reply = await api.as('alice', { method: 'DELETE', url: `${PREFIX}/bots/alice-bot-1` });
  expectProblem(reply, 400, 'invalid-request');
  expectNothingInternal(reply.body);
});

describe('bots', () => {
  const bot: BotView = {
    instanceId: 'alice-bot-1',
    botName: 'Alpha',
    allocation: { status: 'absent' },
    poolState: { status: 'unknown', code: 'POOL_STATE_UNKNOWN', reason: INTERNAL },
    docker: { status: 'unknown', code: 'DOCKER_UNKNOWN', reason: INTERNAL },
    verdict: 'unknown',
  };
  const inPool = (uid: string, containerName = `freqtrade-pool-${uid}-pool-1`): BotView => ({
    ...bot,
    poolState: { status: 'present', poolId: `${uid}-pool-1`, botStatus: 'running' },
    docker: { status: 'present', kind: 'pooled', host: 'local', containerName, running: true },
  });

  async function shown(found: BotView, admin: boolean) {
    const portfolio = {
      bots: async () => [found],
      wallet: async () => Promise.reject(new Error('not asked')),
      transactions: async () => Promise.reject(new Error('not asked')),
    };
    const api = await createTestApi({ deps: { portfolio } });
    return (await api.as('alice', { url: `${PREFIX}/bots`, admin })).json().bots[0];
  }

  test('a source that does not answer: its code and a sentence; to operators its reason', async () => {
    const mine = await shown(bot, false);
    expectNothingInternal(JSON.stringify(mine));
    expect(mine.poolState).toMatchObject({ status: 'unknown', code: 'POOL_STATE_UNKNOWN' });
    expect(mine.docker).toMatchObject({ status: 'unknown', code: 'DOCKER_UNKNOWN' });
    expect((await shown(bot, true)).docker.reason).toBe(INTERNAL);
  });

  test.each(['mallory', 'alice-pool-1', 'bob'])(
    'in a pool of %s: not named, nor its host; a pool of their own is',
    async (uid) => {
      const mine = await shown(inPool(uid), false);
      expect(mine.poolState).toMatchObject({ status: 'present', poolId: null });
      expect(mine.docker).toMatchObject({ status: 'present', containerName: null });
      expect((await shown(inPool(uid), true)).poolState.poolId).toBe(`${uid}-pool-1`);
      expect((await shown(inPool('alice'), false)).docker.containerName).toBe(
        'freqtrade-pool-alice-pool-1',
      );
      expect(mine.docker.host).toBeNull();
      expect((await shown(inPool(uid), true)).docker.host).toBe('local');
      const legacy = await shown(inPool('alice', 'freqtrade-shared'), false);
      expect(legacy.docker.containerName).toBe('freqtrade-shared');
    },
  );
});

test('every code that this program gives an error: a user is told a sentence that is not its text', () => {
  const codes = new Set<string>();
  const files = ['src', 'packages/saga/src'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  for (const file of files) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(file, 'utf8');
    for (const found of text.matchAll(/new \w*Error\(\s*'([A-Z][A-Z_]{2,60})'/g))
      codes.add(found[1] ?? '');
  }
  expect(codes.size).toBeGreaterThan(80);
  const own = ['NOT_MONEY', 'INSUFFICIENT_FUNDS'];
  for (const code of codes) {
    const text = messageFor('user', { code, message: INTERNAL });
    if (own.includes(code)) continue;
    expectNothingInternal(text);
    expect(text, code).toMatch(/^[A-Z][^/]+[.]$/);
    expect(messageFor('operator', { code, message: INTERNAL })).toBe(INTERNAL);
  }
});
