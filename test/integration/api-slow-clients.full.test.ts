// Clients that send byte by byte. What they hold, a socket, is taken back after the time that a whole request may take.

import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createTestApi } from '../support/api.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMITS = { headersMs: 300, requestMs: 700 };
/** Far less than it was, far more than it takes. */
const SOON_MS = 10_000;

/** Sends the beginning, then a byte now and then, for as long as it is let. */
async function trickle(port: number, beginning: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const drip = setInterval(() => socket.write('x'), 50);
  let answer = '';
  const gone = Promise.withResolvers<void>();
  socket.on('data', (chunk) => {
    answer += chunk.toString();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => gone.resolve());
  socket.write(beginning);
  await gone.promise;
  clearInterval(drip);
  return answer;
}

test.each([
  ['headers', 'POST /api/freqtrade/demo/session HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
  [
    'a body',
    'POST /api/freqtrade/demo/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{',
  ],
])(
  '%s that trickle in: 408, and the socket is cut though its client goes on',
  async (_what, beginning) => {
    const demo = { users: async () => [], signIn: async () => null };
    const api = await createTestApi({ deps: { demo }, settings: { requestLimits: LIMITS } });
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    // A machine that is busy sheds the first requests.
    await waitFor('the server to take work', async () =>
      (await api.app.inject({ url: '/nothing' })).statusCode === 404 ? true : undefined,
    );
    const { port } = api.app.server.address() as AddressInfo;
    const answer = await trickle(port, beginning);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('urn:reclaim:problem:request-timeout');
  },
  SOON_MS,
);

test('without further settings: 10 s for the headers, 20 s for all of it, checked each second', async () => {
  const { app } = await createTestApi();
  const { headersTimeout, requestTimeout, timeout } = app.server;
  expect({ headersTimeout, requestTimeout, timeout }).toEqual({
    ...{ headersTimeout: 10_000, requestTimeout: 20_000, timeout: 90_000 },
  });
});
