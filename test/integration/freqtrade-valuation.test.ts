// What a bot is worth, asked of a real server that speaks freqtrade's API, well and badly. Whatever is not positively
// money in the wallet's currency is not live, says why, and holds no secret.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import type { BotToValue } from '../../src/bots/bot-valuation.ts';
import type { BotEndpoint } from '../../src/bots/docker/bot-endpoint.ts';
import type { Credentials } from '../../src/bots/freqtrade/bot-config.ts';
import { createFreqtradeValuation } from '../../src/bots/freqtrade/freqtrade-valuation.ts';
import type { BotWorth } from '../../src/domain/bot-worth.ts';
import { toInstanceId } from '../../src/domain/ids.ts';
import {
  BOT_CREDENTIALS,
  botConfig,
  type FreqtradeApi,
  sendJson,
  startFreqtradeApi,
} from '../support/freqtrade-api.ts';
import { observedPooled } from '../support/samples.ts';

const POOL = 'freqtrade-pool-uid-one-pool-1';
const OBSERVED = observedPooled({
  ...{ host: 'local', containerId: 'c'.repeat(64), containerName: POOL },
  programs: [{ name: 'bot-uid-one-bot-1', state: 'RUNNING' }],
});
/** Of everything that is not about time. */
const AMPLE_MS = 10_000;

interface Situation {
  readonly endpoint?: Partial<BotEndpoint>;
  readonly bot?: Partial<BotToValue>;
  readonly fallbackCredentials?: Credentials | null;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function ask(api: Pick<FreqtradeApi, 'port'>, situation: Situation = {}): Promise<BotWorth> {
  const { fallbackCredentials = null, timeoutMs = AMPLE_MS } = situation;
  const { signal = new AbortController().signal } = situation;
  const endpoint: BotEndpoint = {
    config: botConfig(api.port),
    networkHosts: ['127.0.0.1'],
    published: { host: '127.0.0.1', ports: new Map() },
    isLocal: true,
    pool: null,
    ...situation.endpoint,
  };
  const instanceId = toInstanceId('uid-one-bot-1');
  const bot = { instanceId, observedBots: [OBSERVED], mapping: null, ...situation.bot };
  const readEndpoint = async () => endpoint;
  const valuation = createFreqtradeValuation({ readEndpoint, fallbackCredentials });
  return valuation.worthOf(bot, { signal, timeoutMs });
}

const notLive = (reason: string) => ({ status: 'not-live', reason });

describe('a bot that answers', () => {
  it.each([
    ['400', 400],
    ['1234.56', 1234.56],
    ['0', 0],
    ['-0.0', 0],
    ['1e3', 1000],
  ])('total %s in the wallet’s currency: live, to the digit', async (text, value) => {
    const api = await startFreqtradeApi();
    api.answer = (reply) => sendJson(reply, `{"total":${text},"stake":"USD"}`);
    const worth = await ask(api);
    expect(worth).toEqual({ status: 'live', value });
    expect(Object.is(worth.status === 'live' && worth.value, -0)).toBe(false);
    expect(api.asked).toEqual(['GET /api/v1/balance']);
  });

  it('an API that takes tokens alone: one login with the same credentials, then the total', async () => {
    const api = await startFreqtradeApi(1234.56);
    api.takes = 'token';
    expect(await ask(api)).toEqual({ status: 'live', value: 1234.56 });
    expect(api.asked).toEqual([
      'GET /api/v1/balance',
      'POST /api/v1/token/login',
      'GET /api/v1/balance',
    ]);
  });

  it('no credentials in its configuration: those of the environment', async () => {
    const api = await startFreqtradeApi();
    const config = botConfig(api.port, { username: '', password: undefined });
    const worth = await ask(api, { endpoint: { config }, fallbackCredentials: BOT_CREDENTIALS });
    expect(worth).toEqual({ status: 'live', value: 400 });
  });

  it('its own credentials come before those of the environment', async () => {
    const api = await startFreqtradeApi();
    const other = { username: 'another', password: 'another' };
    expect(await ask(api, { fallbackCredentials: other })).toEqual({ status: 'live', value: 400 });
  });
});

// As freqtrade lists them: the stake that is tied up in positions is free of nothing, and a position has no balance.
const withCoins = (total: string, more: string) =>
  `{"total":${total},"total_bot":1,"stake":"USD","note":"Simulated balances","starting_capital":990,"currencies":[
    {"currency":"USD","balance":300,"est_stake":0,"is_position":false},
    {"currency":"BTC/USD:USD","balance":0,"est_stake":100,"is_position":true},${more}]}`;

describe('a bot that has lost, or has coins', () => {
  it.each([
    ['every coin with a rate', '{"currency":"BTC","balance":1,"est_stake":1}', 400],
    ['a coin that is not there any more', '{"currency":"OLD","balance":0,"est_stake":0}', 400],
  ])('%s: live, its whole simulated wallet', async (_what, coin, value) => {
    const api = await startFreqtradeApi();
    api.answer = (reply) => sendJson(reply, withCoins('400', coin));
    expect(await ask(api)).toEqual({ status: 'live', value });
  });

  it('0 of a wallet that began with money: live', async () => {
    const api = await startFreqtradeApi();
    const body = '{"total":0,"stake":"USD","currencies":[],"starting_capital":1000}';
    api.answer = (reply) => sendJson(reply, body);
    expect(await ask(api)).toEqual({ status: 'live', value: 0 });
  });
});

describe('a bot whose answer is no amount', () => {
  it.each([
    ['NaN, as Python writes it', '{"total":NaN,"stake":"USD"}', 'its answer is not readable'],
    ['Infinity', '{"total":Infinity,"stake":"USD"}', 'its answer is not readable'],
    ['beyond every double', '{"total":1e999,"stake":"USD"}', 'its total is not an amount of money'],
    ['beyond every wallet', '{"total":1e13,"stake":"USD"}', 'its total is not an amount of money'],
    ['below zero', '{"total":-0.01,"stake":"USD"}', 'its total is not an amount of money'],
    ['null', '{"total":null,"stake":"USD"}', 'its answer has no total'],
    ['a text', '{"total":"400","stake":"USD"}', 'its answer has no total'],
    ['missing', '{"value":400,"stake":"USD"}', 'its answer has no total'],
    ['in another currency', '{"total":400,"stake":"BTC"}', 'its total is not in USD'],
    ['in a currency like it', '{"total":400,"stake":"USDT"}', 'its total is not in USD'],
    ['in no currency', '{"total":400}', 'its total is not in USD'],
    [
      'without a coin that has no rate',
      withCoins('400', '{"currency":"NEW","balance":2,"est_stake":0,"is_position":false}'),
      'a coin of its wallet has no rate',
    ],
    [
      'of an exchange’s account',
      '{"total":400,"stake":"USD","note":""}',
      'it does not trade simulated money',
    ],
    [
      '0 of a wallet that it has not read',
      '{"total":0,"stake":"USD","currencies":[],"starting_capital":0}',
      'it has not read its wallet',
    ],
    ['a list', '[400]', 'its answer is not readable'],
    ['nothing', '', 'its answer is not readable'],
    ['a page', '<html>400</html>', 'its answer is not readable'],
  ])('%s: not live', async (_what, body, reason) => {
    const api = await startFreqtradeApi();
    api.answer = (reply) => sendJson(reply, body);
    expect(await ask(api)).toEqual(notLive(reason));
  });
});

describe('a bot that does not answer as it should', () => {
  it('401, and no token for these credentials: not live, and none of them is named', async () => {
    const api = await startFreqtradeApi();
    api.takes = 'nothing';
    const worth = await ask(api);
    expect(worth).toEqual(notLive('its API refuses the credentials'));
    expect(JSON.stringify(worth)).not.toMatch(/s3cret|freqtrader|127\.0/);
  });

  it.each([[500], [502], [404], [204]])('%i: not live', async (code) => {
    const api = await startFreqtradeApi();
    api.answer = (reply) => sendJson(reply, '', code);
    expect(await ask(api)).toEqual(notLive(`its API answers ${code}`));
  });

  it.each([[301], [302], [307]])(
    '%i: refused, and the host it names is not asked',
    async (code) => {
      const api = await startFreqtradeApi();
      const other = await startFreqtradeApi(9_999);
      const location = `http://127.0.0.1:${other.port}/api/v1/balance`;
      api.answer = (reply) => reply.writeHead(code, { location }).end();
      expect(await ask(api)).toEqual(notLive('its API redirects, which is not followed'));
      expect(other.asked).toEqual([]);
    },
  );

  it('a body without an end: cut at its limit', async () => {
    const api = await startFreqtradeApi();
    api.answer = (reply) => {
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const pour = () => {
        while (!reply.destroyed && reply.write(chunk));
        reply.once('drain', pour);
      };
      reply.on('error', () => undefined);
      pour();
    };
    expect(await ask(api)).toEqual(notLive('its answer is too long'));
  });

  it('a connection that is cut in mid-answer: not live', async () => {
    const api = await startFreqtradeApi();
    api.answer = (reply, request) => {
      reply.writeHead(200, { 'content-length': 1_000 });
      reply.write('{"total":400,"stake":"USD"', () => request.socket.destroy());
    };
    expect(await ask(api)).toEqual(notLive('its API cannot be reached'));
  });

  it.each([
    ['no answer at all', () => undefined],
    [
      'a body that never ends',
      (reply: { write(text: string): unknown }) => reply.write('{"total"'),
    ],
  ])('%s: not live when its time is over', async (_what, answer) => {
    const api = await startFreqtradeApi();
    api.answer = (reply) => void answer(reply);
    const worth = await ask(api, { timeoutMs: 200 });
    expect(['it did not answer in time', 'its API cannot be reached']).toContain(
      worth.status === 'not-live' && worth.reason,
    );
  });

  it('the caller goes away: over at once', async () => {
    const api = await startFreqtradeApi();
    const gone = new AbortController();
    api.answer = () => gone.abort();
    expect((await ask(api, { signal: gone.signal })).status).toBe('not-live');
  });

  it('Docker does not answer: not live', async () => {
    const valuation = createFreqtradeValuation({
      readEndpoint: async () => {
        throw new UnavailableError('DOCKER_UNREACHABLE', 'no such socket');
      },
      fallbackCredentials: BOT_CREDENTIALS,
    });
    const bot = { instanceId: toInstanceId('b'), observedBots: [OBSERVED], mapping: null };
    const { signal } = new AbortController();
    expect(await valuation.worthOf(bot, { signal, timeoutMs: AMPLE_MS })).toEqual(
      notLive('its configuration could not be read'),
    );
  });
});

describe('which address is asked', () => {
  const mapping = (port: number, host = '127.0.0.1') => ({ containerName: POOL, host, port });
  const nowhere = { networkHosts: [] };

  it('the port that its host publishes, where its network is not here', async () => {
    const api = await startFreqtradeApi();
    const ports = new Map([[9_001, api.port]]);
    const endpoint = {
      config: botConfig(9_001),
      networkHosts: [],
      published: { host: '127.0.0.1', ports },
    };
    expect(await ask(api, { endpoint })).toEqual({ status: 'live', value: 400 });
  });

  it('nobody at its own address: its owner’s mapping is tried next', async () => {
    const api = await startFreqtradeApi();
    const closed = await closedPort();
    const endpoint = {
      config: botConfig(api.port),
      networkHosts: [],
      published: published(closed),
    };
    const bot = { mapping: mapping(api.port, 'localhost') };
    expect(await ask(api, { endpoint, bot })).toEqual({ status: 'live', value: 400 });
    function published(outside: number) {
      return { host: '127.0.0.1', ports: new Map([[api.port, outside]]) };
    }
  });

  it('a mapping that its own configuration contradicts: the port may be another bot’s, not asked', async () => {
    const api = await startFreqtradeApi(9_999);
    const endpoint = { ...nowhere, config: botConfig(9_001) };
    const worth = await ask(api, { endpoint, bot: { mapping: mapping(api.port) } });
    expect(worth).toEqual(notLive('the address of its API is unknown'));
    expect(api.asked).toEqual([]);
  });

  it('a mapping of another container: not asked', async () => {
    const api = await startFreqtradeApi(9_999);
    const other = { ...mapping(api.port), containerName: 'freqtrade-pool-uid-two-pool-1' };
    expect((await ask(api, { endpoint: nowhere, bot: { mapping: other } })).status).toBe(
      'not-live',
    );
    expect(api.asked).toEqual([]);
  });

  it('localhost in a mapping whose daemon is on another machine: that is not here, not asked', async () => {
    const api = await startFreqtradeApi(9_999);
    const endpoint = { ...nowhere, isLocal: false };
    const worth = await ask(api, { endpoint, bot: { mapping: mapping(api.port, 'localhost') } });
    expect(worth).toEqual(notLive('the address of its API is unknown'));
    expect(api.asked).toEqual([]);
  });

  it.each([
    ['169.254.169.254'],
    ['0.0.0.0'],
    ['224.0.0.1'],
    ['fe80::1'],
    ['::ffff:169.254.169.254'],
  ])('%s, where no bot is: refused before a connection is made', async (host) => {
    const api = await startFreqtradeApi();
    const bot = { mapping: mapping(api.port, host) };
    expect(await ask(api, { endpoint: nowhere, bot })).toEqual(
      notLive('its address is not one that a bot may have'),
    );
  });

  it.each([['http://127.0.0.1'], ['127.0.0.1/x'], ['user@127.0.0.1'], ['']])(
    '%j for a host: no address',
    async (host) => {
      const api = await startFreqtradeApi();
      const bot = { mapping: mapping(api.port, host) };
      expect(await ask(api, { endpoint: nowhere, bot })).toEqual(
        notLive('the address of its API is unknown'),
      );
    },
  );
});

describe('who is not asked at all', () => {
  it.each([
    [
      'a program that is stopped',
      [{ ...OBSERVED, program: 'STOPPED' as const }],
      'it does not run',
    ],
    ['no container', [], 'it does not run'],
    [
      'two of it',
      [OBSERVED, { ...OBSERVED, containerName: 'b' }],
      'it runs in more than one place',
    ],
    [
      'a label alone',
      [
        {
          ...{ kind: 'dedicated' as const, host: 'local', containerId: 'd'.repeat(64) },
          ...{ containerName: 'x', labels: {}, running: true, paused: false, restartPolicy: 'no' },
          byLabelAlone: true as const,
        },
      ],
      'only a label says that it is this bot',
    ],
  ])('%s: not live', async (_what, observedBots, reason) => {
    const api = await startFreqtradeApi();
    expect(await ask(api, { bot: { observedBots } })).toEqual(notLive(reason));
    expect(api.asked).toEqual([]);
  });

  it.each([
    ['its API switched off', { enabled: false }, 'its API is switched off'],
    ['credentials of nobody', { username: 7 }, 'the credentials of its API are unknown'],
  ])('%s: not live', async (_what, given, reason) => {
    const api = await startFreqtradeApi();
    const config = botConfig(api.port, given);
    expect(await ask(api, { endpoint: { config } })).toEqual(notLive(reason));
    expect(api.asked).toEqual([]);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
