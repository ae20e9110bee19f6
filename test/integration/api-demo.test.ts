import { expect, test } from 'vitest';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const REQUEST = {
  method: 'POST',
  url: '/api/freqtrade/demo/session',
  payload: { user: 'anshjarvis2003' },
} as const;

const demo = {
  users: async () => [{ user: toFirebaseUid('anshjarvis2003'), isAdmin: false }],
  signIn: async (uid: string) =>
    uid === 'anshjarvis2003' ? { token: 'a.b.c', expiresAt: new Date(0) } : null,
};

test.each(['localhost', 'localhost:8080', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST'])(
  'over loopback under the name %s: a token',
  async (host) => {
    const api = await createTestApi({ deps: { demo } });
    const response = await api.app.inject({ ...REQUEST, headers: { host } });
    expect(response.statusCode).toBe(200);
    const expiresAt = '1970-01-01T00:00:00.000Z';
    expect(response.json()).toEqual({ token: 'a.b.c', user: 'anshjarvis2003', expiresAt });
    expect(response.headers['cache-control']).toBe('no-store');
  },
);

test.each([
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost:x',
  '10.0.0.1',
])('over loopback under the rebound name %s: nothing here', async (host) => {
  const api = await createTestApi({ deps: { demo } });
  expectProblem(await api.app.inject({ ...REQUEST, headers: { host } }), 404, 'not-found');
});

test('from another machine, whatever a proxy header says: nothing here', async () => {
  const api = await createTestApi({ deps: { demo }, settings: { trustProxy: 1 } });
  const response = await api.app.inject({
    ...REQUEST,
    remoteAddress: '192.0.2.7',
    headers: { host: 'localhost', 'x-forwarded-for': '127.0.0.1' },
  });
  expectProblem(response, 404, 'not-found');
});

test('not the demo, or a user it does not have: nothing here', async () => {
  const other = await createTestApi();
  expectProblem(await other.app.inject(REQUEST), 404, 'not-found');
  const api = await createTestApi({ deps: { demo } });
  const stranger = { ...REQUEST, payload: { user: 'stranger' } };
  expectProblem(await api.app.inject(stranger), 404, 'not-found');
});
