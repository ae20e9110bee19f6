import { describe, expect, test } from 'vitest';
import { UnavailableError } from '../../packages/saga/src/errors.ts';
import { SESSION_COOKIE } from '../../src/api/session-cookie.ts';
import { createSessions } from '../../src/api/sessions.ts';
import { toFirebaseUid, toUserId } from '../../src/domain/ids.ts';
import { createTestApi, expectProblem, type TestApi } from '../support/api.ts';
import { sagaIn } from '../support/saga-in.ts';

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
    const settings = { simulatesBots: true, provisionsBots: true, syncOnOpen: true };
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

describe('signing out', () => {
  const URL = `${PREFIX}/session`;
  const signOut = (api: TestApi, cookie: string) =>
    api.app.inject({ method: 'DELETE', url: URL, headers: { cookie, ...OWN_PAGE } });

  test('a copy of the cookie: reads nothing, writes nothing, makes no session, opens no board', async () => {
    const api = await createTestApi();
    const { cookie } = await signedIn(api, 'alice');
    expect((await signOut(api, cookie)).statusCode).toBe(204);
    const headers = { cookie, ...OWN_PAGE };
    expectProblem(await api.app.inject({ url: URL, headers }), 401, 'unauthenticated');
    expectProblem(await api.app.inject({ ...OPEN, headers }), 401, 'unauthenticated');
    const remove = { method: 'DELETE', url: `${PREFIX}/bots/alice-bot-1`, headers } as const;
    expectProblem(await api.app.inject(remove), 401, 'unauthenticated');
    expect(api.deleteRequests).toEqual([]);
    expectProblem(await api.app.inject({ url: '/admin/queues', headers }), 401, 'session-needed');
  });

  test('every cookie that the session ever had, also those that fresh tokens or itself prolonged', async () => {
    const api = await createTestApi();
    const first = await signedIn(api, 'alice');
    const prolonged = await api.as('alice', { ...OPEN, headers: first });
    const second = String(prolonged.headers['set-cookie']).split(';')[0] ?? '';
    const again = await api.app.inject({ ...OPEN, headers: { cookie: second, ...OWN_PAGE } });
    const third = String(again.headers['set-cookie']).split(';')[0] ?? '';
    await signOut(api, first.cookie);
    for (const cookie of [first.cookie, second, third]) {
      const reply = await api.app.inject({ url: URL, headers: { cookie } });
      expectProblem(reply, 401, 'unauthenticated');
    }
  });

  test('another session of the same user goes on; another user who signs in over a session ends it', async () => {
    const api = await createTestApi();
    const here = await signedIn(api, 'alice');
    const there = await signedIn(api, 'alice');
    await signOut(api, here.cookie);
    expect((await api.app.inject({ url: URL, headers: there })).statusCode).toBe(200);
    expect((await api.as('bob', { ...OPEN, headers: there })).json()).toMatchObject({
      user: 'bob',
    });
    expectProblem(await api.app.inject({ url: URL, headers: there }), 401, 'unauthenticated');
  });

  test('nobody can tell whether it has ended: 503, and nothing is shown', async () => {
    const among = async () => {
      throw new UnavailableError('MONGODB_UNREACHABLE', 'mongodb://10.0.0.9 is away');
    };
    const api = await createTestApi({
      deps: { endedSessions: { end: async () => undefined, among } },
    });
    const opened = await api.as('alice', OPEN);
    const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
    const reply = await api.app.inject({ url: URL, headers: { cookie } });
    expectProblem(reply, 503, 'unavailable');
    expect(reply.body).not.toContain('10.0.0.9');
  });
});

describe('the name of the cookie', () => {
  const HTTPS = { 'x-forwarded-proto': 'https' };

  test('over https: __Host-, and the plain name is nobody there; over http the other way round', async () => {
    const api = await createTestApi({ settings: { trustProxy: 1 } });
    const opened = await api.as('alice', { ...OPEN, headers: HTTPS });
    const header = String(opened.headers['set-cookie']);
    expect(header).toMatch(new RegExp(`^__Host-${SESSION_COOKIE}=`));
    expect(header).toContain('; Path=/;');
    expect(header).toContain('; Secure');
    expect(header).not.toContain('Domain');
    const cookie = header.split(';')[0] ?? '';
    const plain = cookie.replace('__Host-', '');
    const statusOf = async (headers: Record<string, string>) =>
      (await api.app.inject({ url: `${PREFIX}/session`, headers })).statusCode;
    expect(await statusOf({ cookie, ...HTTPS })).toBe(200);
    expect(await statusOf({ cookie: plain, ...HTTPS })).toBe(401);
    expect(await statusOf({ cookie: plain })).toBe(200);
    expect(await statusOf({ cookie })).toBe(401);
    expect(await statusOf({ cookie: `${plain}x; ${cookie}`, ...HTTPS })).toBe(200);
  });

  test.each(['the same twice', 'a planted one first', 'a planted one last', 'an empty one'])(
    'two of it, %s: refused everywhere',
    async (which) => {
      const api = await createTestApi();
      const { cookie } = await signedIn(api, 'alice');
      const planted = (await signedIn(api, 'bob')).cookie;
      const header = {
        'the same twice': `${cookie}; ${cookie}`,
        'a planted one first': `${planted}; other=1; ${cookie}`,
        'a planted one last': `${cookie};${planted}`,
        'an empty one': `${cookie}; ${SESSION_COOKIE}=`,
      }[which];
      const headers = { cookie: String(header) };
      for (const url of [`${PREFIX}/session`, `${PREFIX}/bots`, '/admin/queues']) {
        const reply = await api.app.inject({ url, headers });
        expectProblem(reply, 401, 'unauthenticated');
        expect(reply.json().detail).toContain('sent twice');
      }
    },
  );
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
  test('changed, of another secret, or over: nobody', async () => {
    let now = new Date('2026-11-01T00:00:00Z');
    const ended = { end: async () => undefined, among: async () => new Set<string>() };
    const sessions = createSessions({ secret: 'a'.repeat(32), now: () => now, ended });
    const expiresAt = new Date('2026-11-01T00:10:00Z');
    const alice = { firebaseUid: toFirebaseUid('alice'), isAdmin: false, expiresAt };
    const { value } = sessions.open(alice, 'one');
    expect(await sessions.read(value)).toEqual({ ...alice, sessionId: 'one' });
    const others = createSessions({ secret: 'b'.repeat(32), now: () => now, ended });
    expect(await others.read(value)).toBeNull();
    for (const bad of [undefined, '', '.', 'x', `x${value}`, value.slice(0, -1), `${value}x`]) {
      expect(await sessions.read(bad), bad).toBeNull();
    }
    now = expiresAt;
    expect(await sessions.read(value)).toBeNull();
  });

  test('of a user of the platform: nobody as soon as the platform’s secret is another, or none', async () => {
    const now = new Date('2026-11-01T00:00:00Z');
    const ended = { end: async () => undefined, among: async () => new Set<string>() };
    const sessionsBy = (platformSecret?: string) =>
      createSessions({ secret: 'a'.repeat(32), platformSecret, now: () => now, ended });
    const expiresAt = new Date('2026-11-01T00:10:00Z');
    const userId = toUserId('6500000000000000000000aa');
    const anna = { firebaseUid: toFirebaseUid(userId), userId, isAdmin: false, expiresAt };
    const { value } = sessionsBy('the old secret').open(anna, 'one');
    expect(value).not.toContain('secret');
    expect(await sessionsBy('the old secret').read(value)).toEqual({ ...anna, sessionId: 'one' });
    expect(await sessionsBy('the new secret').read(value)).toBeNull();
    expect(await sessionsBy().read(value)).toBeNull();
    const alice = { firebaseUid: toFirebaseUid('alice'), isAdmin: false, expiresAt };
    const others = sessionsBy('the old secret').open(alice, 'two').value;
    expect(await sessionsBy('the new secret').read(others)).toMatchObject(alice);
  });

  test('one text alone: what decodes to the same signature, or has more after it, is nobody', async () => {
    const now = new Date('2026-11-01T00:00:00Z');
    const ended = { end: async () => undefined, among: async () => new Set<string>() };
    const sessions = createSessions({ secret: 'a'.repeat(32), now: () => now, ended });
    const expiresAt = new Date('2026-11-01T00:10:00Z');
    const alice = { firebaseUid: toFirebaseUid('alice'), isAdmin: false, expiresAt };
    const { value } = sessions.open(alice, 'one');
    expect(await sessions.read(value)).not.toBeNull();
    // 32 bytes are 43 characters: the last one has two bits that no byte is made of.
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = letters.indexOf(value.slice(-1));
    const [payload = '', signature = ''] = value.split('.');
    const twins = [
      ...[1, 2, 3].map((bits) => `${value.slice(0, -1)}${letters[last ^ bits]}`),
      ...[
        `${value}=`,
        `${value}.`,
        `${value}.x`,
        `${payload}.${signature.slice(0, 9)} ${signature.slice(9)}`,
      ],
    ];
    for (const twin of twins) expect(await sessions.read(twin), twin).toBeNull();
  });

  test('a secret too short to sign with: refused at start', () => {
    const ended = { end: async () => undefined, among: async () => new Set<string>() };
    const short = { secret: 'short', now: () => new Date(), ended };
    expect(() => createSessions(short)).toThrow(/at least 32 bytes/);
  });
});

const FIREBASE_HOSTS = [
  'https://identitytoolkit.googleapis.com',
  'https://securetoken.googleapis.com',
];

describe('how a user signs in here', () => {
  const URL = { url: `${PREFIX}/sign-in` };
  const demo = {
    users: async () => [{ user: toFirebaseUid('anshjarvis2003'), isAdmin: false }],
    signIn: async () => null,
  };
  const firebaseWeb = {
    ...{ apiKey: 'key', projectId: 'demo', emulator: null },
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
