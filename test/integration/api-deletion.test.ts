import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { InDoubtError, TerminalError, UnavailableError } from '../../packages/saga/src/errors.ts';
import type { RoutedSagas } from '../../packages/saga/src/fastify/options.ts';
import type { SagaRecord } from '../../packages/saga/src/log/record.ts';
import { ALICE } from '../fakes/api-layers.ts';
import { createTestApi, expectProblem } from '../support/api.ts';
import { sagaIn, WALLET_CHANGE } from '../support/saga-in.ts';
import { waitFor } from '../support/wait-for.ts';

const URL = '/api/freqtrade/bots/alice-bot-1';
const DELETE = { method: 'DELETE', url: URL } as const;

const endsAs = (
  saga: SagaRecord | null,
  observed: number[] = [],
): Pick<RoutedSagas, 'waitForEnd'> => ({
  waitForEnd: async (_id, timeoutMs) => {
    observed.push(timeoutMs);
    return saga;
  },
});

describe('a deletion that is accepted', () => {
  test('no wait asked: 202 with the job, where to poll it and when', async () => {
    const saga = sagaIn('queued');
    const api = await createTestApi({ answer: { status: 'accepted', saga } });
    const response = await api.as('alice', DELETE);
    expect(response.statusCode).toBe(202);
    const statusUrl = `/api/freqtrade/jobs/${saga.id}`;
    const message = 'The job is accepted; it is not finished yet';
    const body = { success: true, message, jobId: saga.id, state: 'queued', statusUrl };
    expect(response.json()).toEqual(body);
    expect(response.headers).toMatchObject({ location: statusUrl, 'retry-after': '1' });
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers).not.toHaveProperty('preference-applied');
    expect(api.deleteRequests).toMatchObject([
      { userId: ALICE, firebaseUid: 'alice', instanceId: 'alice-bot-1', requestedBy: 'user:alice' },
    ]);
  });

  test('a client that names JSON and sends no body: accepted all the same', async () => {
    const api = await createTestApi({ answer: { status: 'accepted', saga: sagaIn('queued') } });
    const headers = { 'content-type': 'application/json' };
    expect((await api.as('alice', { ...DELETE, headers })).statusCode).toBe(202);
  });

  test('the end comes within the wait: 200 with the money that moved', async () => {
    const observed: number[] = [];
    const warnings = [{ code: 'pool-not-running', message: 'The pool is stopped.' }];
    const ended = sagaIn('completed', {}, { warnings });
    const api = await createTestApi({
      answer: { status: 'accepted', saga: sagaIn('queued', { id: ended.id }) },
      routed: endsAs(ended, observed),
    });
    const response = await api.as('alice', { ...DELETE, headers: { prefer: 'wait=10' } });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      success: true,
      message: 'Bot deleted; $1105.00 returned to your wallet',
      jobId: ended.id,
      wallet: WALLET_CHANGE,
      cashedOut: { amount: 1105, currency: 'USD' },
      warnings: [expect.stringMatching(/^The pool of the bot/)],
      warningCodes: ['pool-not-running'],
    });
    expect(response.headers['preference-applied']).toBe('wait=10');
    expect(observed).toEqual([10_000]);
  });

  test('DEFAULT_WAIT_SECONDS set and no Prefer: waits; respond-async: does not', async () => {
    const observed: number[] = [];
    const ended = sagaIn('completed');
    const api = await createTestApi({
      answer: { status: 'accepted', saga: sagaIn('queued') },
      settings: { defaultWaitSeconds: 30 },
      routed: endsAs(ended, observed),
    });
    expect((await api.as('alice', DELETE)).statusCode).toBe(200);
    const response = await api.as('alice', { ...DELETE, headers: { prefer: 'respond-async' } });
    expect(response.statusCode).toBe(202);
    expect(response.headers['preference-applied']).toBe('respond-async');
    expect(observed).toEqual([30_000]);
  });

  test('time over, or the log unreadable during the wait: 202, for the deletion is durable', async () => {
    const running = sagaIn('running');
    for (const waitForEnd of [async () => running, () => Promise.reject(new Error('away'))]) {
      const api = await createTestApi({
        answer: { status: 'accepted', saga: running },
        routed: { waitForEnd },
      });
      const response = await api.as('alice', { ...DELETE, headers: { prefer: 'wait=1' } });
      expect(response.statusCode).toBe(202);
      expect(response.json()).toMatchObject({ state: 'running' });
    }
  });

  test('the server closes during a wait: the caller is answered 202 at once', async () => {
    const saga = sagaIn('running');
    const { waitForEnd, waiting } = endlessWait();
    const api = await createTestApi({
      answer: { status: 'accepted', saga },
      routed: { waitForEnd },
    });
    const answer = api.as('alice', { ...DELETE, headers: { prefer: 'wait=60' } });
    await waitFor('the wait to begin', () => waiting.length === 1);
    await api.app.close();
    expect((await answer).statusCode).toBe(202);
  });

  test('the client hangs up during a wait: nothing is left waiting', async () => {
    const { waitForEnd, waiting } = endlessWait();
    const api = await createTestApi({
      answer: { status: 'accepted', saga: sagaIn('running') },
      routed: { waitForEnd },
    });
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = api.app.server.address() as AddressInfo;
    const client = httpRequest({
      host: '127.0.0.1',
      port,
      path: URL,
      method: 'DELETE',
      headers: {
        authorization: `Bearer ${await api.token('alice')}`,
        prefer: 'wait=60',
        'content-type': 'application/json',
        'content-length': '2',
      },
    });
    client.on('error', () => undefined);
    client.end('{}');
    await waitFor('the wait to begin', () => waiting.length === 1);
    expect(waiting[0]?.aborted).toBe(false);
    client.destroy();
    await waitFor('the wait to end', () => waiting[0]?.aborted === true);
  });
});

function endlessWait() {
  const waiting: AbortSignal[] = [];
  const waitForEnd: RoutedSagas['waitForEnd'] = (_id, _timeoutMs, signal) => {
    waiting.push(signal);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  };
  return { waiting, waitForEnd };
}

describe('a deletion asked again', () => {
  test('completed before: 200 with that job, without waiting', async () => {
    const saga = sagaIn('completed');
    const api = await createTestApi({ answer: { status: 'existing', saga } });
    const response = await api.as('alice', DELETE);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ jobId: saga.id, wallet: WALLET_CHANGE });
  });

  test('nothing was allocated: wallet is null and the message says so', async () => {
    const saga = sagaIn('completed', { result: { wallet: null } });
    const api = await createTestApi({ answer: { status: 'existing', saga } });
    expect((await api.as('alice', DELETE)).json()).toMatchObject({
      success: true,
      wallet: null,
      message: 'Bot deleted; there was no money to return',
    });
  });

  // A settlement that was in doubt may have landed, and the bot stands as it was left.
  test.each(['completed', 'compensated'] as const)(
    'closed by an operator as %s: neither what was returned nor what the bot is now is claimed to be known',
    async (phase) => {
      const { state, ...ended } = sagaIn(phase, { result: { wallet: null } });
      const warnings = [{ code: 'resolved-by-hand', message: 'an operator vouches for it' }];
      const saga = { ...ended, state: { ...state, warnings } };
      const api = await createTestApi({ answer: { status: 'existing', saga } });
      expect((await api.as('alice', DELETE)).json()).toMatchObject({
        wallet: null,
        message: 'Closed by an operator; your bots and your balance show what it left',
      });
    },
  );

  test.each(['compensated', 'cancelled'] as const)('%s: 200, success false', async (phase) => {
    const api = await createTestApi({ answer: { status: 'existing', saga: sagaIn(phase) } });
    const response = await api.as('alice', DELETE);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ success: false, state: phase, wallet: null });
  });

  test('stuck: 202 at once, even with a wait', async () => {
    const observed: number[] = [];
    const saga = sagaIn('stuck');
    const api = await createTestApi({
      answer: { status: 'existing', saga },
      routed: endsAs(saga, observed),
    });
    const response = await api.as('alice', { ...DELETE, headers: { prefer: 'wait=5' } });
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ state: 'stuck', jobId: saga.id });
    expect(response.headers['retry-after']).toBe('30');
    expect(observed).toEqual([]);
  });
});

describe('a deletion that is not accepted', () => {
  test('a provision holds the bot: 409 with its job', async () => {
    const saga = sagaIn('running', { kind: 'provision-bot' });
    const api = await createTestApi({ answer: { status: 'held-by', saga } });
    const problem = expectProblem(await api.as('alice', DELETE), 409, 'bot-busy');
    expect(problem).toMatchObject({ jobId: saga.id });
  });

  test('no such bot: 404; sources unknown: 503 with Retry-After, never 404', async () => {
    const absent = await createTestApi({ answer: { status: 'not-found' } });
    expectProblem(await absent.as('alice', DELETE), 404, 'bot-not-found');
    const reasons = ['docker host "b" did not answer'];
    const unknown = await createTestApi({ answer: { status: 'sources-unknown', reasons } });
    const response = await unknown.as('alice', DELETE);
    expect(expectProblem(response, 503, 'sources-unknown')).not.toHaveProperty('reasons');
    const forOperator = await unknown.as('alice', { ...DELETE, admin: true });
    expect(expectProblem(forOperator, 503, 'sources-unknown')).toMatchObject({ reasons });
    expect(response.headers['retry-after']).toBe('5');
  });

  test('it could not be made durable: 503 with Retry-After', async () => {
    const errors = [
      new UnavailableError('MONGODB_AWAY', 'mongodb://secret', { retryAfterMs: 1500 }),
      new InDoubtError('WRITE_CONCERN', 'no majority'),
      new DOMException('too slow', 'TimeoutError'),
    ];
    const api = await createTestApi({
      answer: () => Promise.reject(errors.shift() ?? new Error('asked too often')),
    });
    const away = await api.as('alice', DELETE);
    expectProblem(away, 503, 'unavailable');
    expect(away.headers['retry-after']).toBe('2');
    expect(away.body).not.toContain('secret');
    for (const _unknownOutcome of errors.slice()) {
      const response = await api.as('alice', DELETE);
      expectProblem(response, 503, 'unavailable');
      expect(response.headers['retry-after']).toBe('5');
    }
  });

  test('any other error: 500 that says nothing of its cause, and a log line that does', async () => {
    const api = await createTestApi({
      answer: () => Promise.reject(new TerminalError('ODD', 'mongodb://user:pw@host')),
    });
    const response = await api.as('alice', DELETE);
    const { requestId } = expectProblem(response, 500, 'internal-error');
    expect(response.body).not.toContain('pw@host');
    const line = api.logLines.find((text) => text.includes('request failed'));
    expect(line).toContain(String(requestId));
  });

  test('a completed saga without a deletion result: 500 rather than "no money moved"', async () => {
    const saga = sagaIn('completed', { result: { odd: true } });
    const api = await createTestApi({ answer: { status: 'existing', saga } });
    expectProblem(await api.as('alice', DELETE), 500, 'internal-error');
  });

  test.each(['x'.repeat(129), 'bot%00', 'a%0Ab', '%7F'])(
    'the id %s: 400, and nothing is asked of the layers below',
    async (id) => {
      const api = await createTestApi();
      const url = `/api/freqtrade/bots/${id.replaceAll(' ', '%20')}`;
      expectProblem(await api.as('alice', { method: 'DELETE', url }), 400, 'invalid-request');
      expect(api.deleteRequests).toEqual([]);
    },
  );

  test.each(['wait=-1', 'wait=61', 'wait=1.5', 'wait', 'wait=""', 'wait=abc', 'wait=1e1'])(
    'Prefer: %s: 400, and nothing is asked of the layers below',
    async (prefer) => {
      const api = await createTestApi();
      const response = await api.as('alice', { ...DELETE, headers: { prefer } });
      expectProblem(response, 400, 'invalid-prefer');
      expect(api.deleteRequests).toEqual([]);
    },
  );
});
