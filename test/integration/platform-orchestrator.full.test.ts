// The platform's orchestrator, informed over real connections: what each of its answers means, and that the token goes to
// it alone and no answer of it can hold a job up.

import { describe, expect, it } from 'vitest';
import { createPlatformOrchestrator } from '../../src/deletion/platform-memory.ts';
import { parseInstanceId } from '../../src/domain/ids.ts';
import {
  askedFor,
  PLATFORM_TOKEN,
  type PlatformServer,
  replyWith,
  startPlatformServer,
} from '../platform/stand-in/orchestrator-server.ts';

/** Of everything that is not about time. */
const AMPLE_MS = 10_000;

function inform(
  { url }: Pick<PlatformServer, 'url'>,
  {
    id = 'uid-one-bot-1',
    timeoutMs = AMPLE_MS,
    signal = new AbortController().signal,
  }: { id?: string; timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const instanceId = parseInstanceId(id);
  if (instanceId === undefined) throw new Error(`${id} is no id`);
  const memory = createPlatformOrchestrator({ url, token: PLATFORM_TOKEN, timeoutMs });
  return memory.forgetBot(instanceId, { signal });
}

describe('what it answers', () => {
  it.each([
    [200, 'informed'],
    [204, 'informed'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'unknown-there'],
    [429, 'failed'],
    [500, 'failed'],
  ] as const)('%i: %s, asked once', async (status, outcome) => {
    const platform = await startPlatformServer();
    platform.answer = status === 204 ? (reply) => reply.writeHead(204).end() : replyWith(status);
    expect(await inform(platform)).toBe(outcome);
    expect(platform.asked).toEqual([askedFor('/api/bots/uid-one-bot-1')]);
  });

  it.each([301, 302, 307, 308])(
    '%i to elsewhere: not followed, and the token stays',
    async (status) => {
      const [platform, elsewhere] = [await startPlatformServer(), await startPlatformServer()];
      platform.answer = replyWith(status, { location: `${elsewhere.url}/api/bots/x` });
      expect(await inform(platform)).toBe('redirected');
      expect(elsewhere.asked).toEqual([]);
    },
  );

  it('an answer without an end: its status alone is read', async () => {
    const platform = await startPlatformServer();
    platform.answer = (reply) => {
      reply.writeHead(200);
      const more = () => {
        while (reply.write('x'.repeat(65_536)));
      };
      reply.on('drain', more);
      more();
    };
    expect(await inform(platform)).toBe('informed');
  });

  it('below a path, an id of odd characters: one segment of the address', async () => {
    const platform = await startPlatformServer();
    await inform({ url: `${platform.url}/orchestrator` }, { id: 'a b?c#d%2e' });
    expect(platform.asked).toEqual([askedFor('/orchestrator/api/bots/a%20b%3Fc%23d%252e')]);
  });

  it.each(['../uid-two/uid-two-pool-1/bots/uid-two-bot-1', 'a\\b'])(
    'an id that would be a path there, %s: withheld',
    async (id) => {
      const platform = await startPlatformServer();
      expect(await inform(platform, { id })).toBe('withheld');
      expect(platform.asked).toEqual([]);
    },
  );
});

describe('what it does not answer', () => {
  it('never: given up at the deadline', async () => {
    const platform = await startPlatformServer();
    platform.answer = () => undefined;
    expect(await inform(platform, { timeoutMs: 200 })).toBe('no-answer');
  });

  it('the job is given up meanwhile: so is this', async () => {
    const platform = await startPlatformServer();
    const giveUp = new AbortController();
    platform.answer = () => giveUp.abort();
    expect(await inform(platform, { signal: giveUp.signal })).toBe('no-answer');
  });

  it('the connection is cut, or there is none: unreachable', async () => {
    const platform = await startPlatformServer();
    platform.answer = (reply) => reply.destroy();
    expect(await inform(platform)).toBe('unreachable');
    expect(await inform({ url: 'http://127.0.0.1:1' })).toBe('unreachable');
  });
});
