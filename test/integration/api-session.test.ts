import { describe, expect, test } from 'vitest';
import { createSessions, SESSION_COOKIE } from '../../src/api/sessions.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import { createTestApi, expectProblem, sagaIn, type TestApi } from '../support/api.ts';

const PREFIX = '/api/freqtrade';
const OPEN = { method: 'POST', url: `${PREFIX}/session` } as const;
const OWN_PAGE = { origin: 'http://localhost', host: 'localhost' };

async function signedIn(api: TestApi, user: string): Promise<{ readonly cookie: string }> {
  const response = await api.as(user, OPEN);
  expect(response.statusCode).toBe(200);
  return { cookie: String(response.headers['set-cookie']).split(';')[0] ?? '' };
}

describe('a token exchanged', () => {
  test('a strict cookie that no script reads, until the token ends', async () => {
    const api = await createTestApi({ settings: { trustProxy: 1 } });
    const response = await api.as('alice', OPEN);
    const cookie = String(response.headers['set-cookie']);
    for (const attribute of ['Path=/;', 'HttpOnly', 'SameSite=Strict', 'Expires=']) {
      expect(cookie).toContain(attribute);
    }
    expect(cookie).not.toContain('Secure');
    const { expiresAt, ...view } = response.json();
    const settings = { simulatesBots: true, syncOnOpen: true };
    expect(view).toEqual({ user: 'alice', isAdmin: false, hasAccount: true, ...settings });
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(12 * 3_600_000);

    const headers = { 'x-forwarded-proto': 'https' };
    const overTls = await api.as('alice', { ...OPEN, headers });
    expect(String(overTls.headers['set-cookie'])).toContain('Secure');
  });

  test('the session reads what its user may read, and nothing of another', async () => {
    const mine = sagaIn('running');
    const api = await createTestApi({ sagas: [mine] });
    const url = `${PREFIX}/jobs/${mine.id}`;
    const alice = await signedIn(api, 'alice');
    expect((await api.app.inject({ url, headers: alice })).json()).toMatchObject({
      jobId: mine.id,
    });
    const bob = await signedIn(api, 'bob');
    expectProblem(await api.app.inject({ url, headers: bob }), 404, 'job-not-found');
    const admin = { url: `${PREFIX}/admin/sagas`, headers: alice };
    expectProblem(await api.app.inject(admin), 403, 'admin-only');
  });

  test('asked for again with the cookie alone: it ends when it would have ended', async () => {
    const api = await createTestApi();
    const first = await api.as('alice', OPEN);
    const cookie = String(first.headers['set-cookie']).split(';')[0] ?? '';
    const again = await api.app.inject({ ...OPEN, headers: { cookie, ...OWN_PAGE } });
    expect(again.json().expiresAt).toBe(first.json().expiresAt);
  });

  test('signed out: the cookie is taken back', async () => {
    const api = await createTestApi();
    const headers = { ...(await signedIn(api, 'alice')), ...OWN_PAGE };
    const url = `${PREFIX}/session`;
    const response = await api.app.inject({ method: 'DELETE', url, headers });
    expect(response.statusCode).toBe(204);
    expect(String(response.headers['set-cookie'])).toMatch(
      new RegExp(`^${SESSION_COOKIE}=; .*Expires=Thu, 01 Jan 1970`),
    );
  });
});

describe('what a session writes', () => {
  const SYNC = { method: 'DELETE', url: `${PREFIX}/bots/alice-bot-1` } as const;

  test.each([
    {},
    { host: 'localhost', origin: 'http://evil.example' },
    { host: 'localhost', origin: 'http://localhost:8081' },
    { host: 'localhost', origin: 'null' },
    { host: 'localhost', 'sec-fetch-site': 'same-site' },
    { ...OWN_PAGE, 'sec-fetch-site': 'cross-site' },
  ])('not from a page of this origin (%o): 403, and nothing is asked for', async (origin) => {
    const api = await createTestApi();
    const headers = { ...(await signedIn(api, 'alice')), ...origin };
    expectProblem(await api.app.inject({ ...SYNC, headers }), 403, 'cross-site');
    expect(api.deleteRequests).toEqual([]);
  });

  test('from a page of this origin: asked for in the name of its user', async () => {
    const api = await createTestApi();
    const headers = { ...(await signedIn(api, 'alice')), ...OWN_PAGE };
    expectProblem(await api.app.inject({ ...SYNC, headers }), 404, 'bot-not-found');
    expect(api.deleteRequests).toMatchObject([{ firebaseUid: 'alice', requestedBy: 'user:alice' }]);
  });
});

describe('the cookie', () => {
  test('changed, of another secret, or over: nobody', () => {
    let now = new Date('2026-11-01T00:00:00Z');
    const sessions = createSessions({ secret: 'a'.repeat(32), now: () => now });
    const expiresAt = new Date('2026-11-01T00:10:00Z');
    const alice = { firebaseUid: toFirebaseUid('alice'), isAdmin: false, expiresAt };
    const { value } = sessions.open(alice);
    expect(sessions.read(value)).toEqual(alice);
    const others = createSessions({ secret: 'b'.repeat(32), now: () => now });
    expect(others.read(value)).toBeNull();
    for (const bad of [undefined, '', '.', 'x', `x${value}`, value.slice(0, -1), `${value}x`]) {
      expect(sessions.read(bad), bad).toBeNull();
    }
    now = expiresAt;
    expect(sessions.read(value)).toBeNull();
  });

  test('a secret too short to sign with: refused at start', () => {
    const short = { secret: 'short', now: () => new Date() };
    expect(() => createSessions(short)).toThrow(/at least 32 bytes/);
  });
});

const FIREBASE_HOSTS = [
  'https://identitytoolkit.googleapis.com',
  'https://securetoken.googleapis.com',
];

describe('how somebody signs in here', () => {
  const URL = { url: `${PREFIX}/sign-in` };
  const demo = {
    users: async () => [{ user: toFirebaseUid('anshjarvis2003'), isAdmin: false }],
    signIn: async () => null,
  };
  const firebaseWeb = {
    ...{ apiKey: 'key', authDomain: 'demo.firebaseapp.com', projectId: 'demo', emulator: null },
  };

  test('the demo, over loopback: its users', async () => {
    const api = await createTestApi({ deps: { demo } });
    const users = [{ user: 'anshjarvis2003', isAdmin: false }];
    expect((await api.app.inject(URL)).json()).toEqual({ kind: 'demo', users });
  });

  test.each([{ remoteAddress: '192.0.2.7' }, { headers: { host: 'evil.example' } }])(
    'the demo, from elsewhere (%o): nobody is named',
    async (from) => {
      const api = await createTestApi({ deps: { demo } });
      expect((await api.app.inject({ ...URL, ...from })).json()).toEqual({ kind: 'token' });
    },
  );

  test("Firebase: what its SDK has to be told, and nobody's name", async () => {
    const api = await createTestApi({ deps: { firebaseWeb } });
    expect((await api.app.inject(URL)).json()).toEqual({ kind: 'firebase', ...firebaseWeb });
  });

  test.each([
    ['its web key unset', null, []],
    ['Firebase', firebaseWeb, FIREBASE_HOSTS],
    [
      'the emulator',
      { ...firebaseWeb, emulator: 'http://127.0.0.1:9099' },
      [...FIREBASE_HOSTS, 'http://127.0.0.1:9099'],
    ],
  ])('%s: the page may ask these hosts, and load from none', async (_, web, hosts) => {
    const api = await createTestApi({ deps: { firebaseWeb: web } });
    const { headers } = await api.app.inject({ url: '/' });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain(`connect-src ${["'self'", ...hosts].join(' ')};`);
    expect(policy).toContain("default-src 'self';");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('frame-src');
  });
});
