// The production path of Firebase Auth, in process: real tokens signed with RS256, and an HTTP server
// that answers firebase-admin's request for Google's certificates.

import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { Agent } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type CheckRevoked,
  createFirebaseVerifier,
  type FirebaseVerifierOptions,
} from '../../src/infra/identities/firebase/firebase-verifier.ts';
import type { IdentityVerifier } from '../../src/infra/identities/identity-verifier.ts';
import {
  describeIdentityVerifier,
  type IdentityVerifierFixture,
} from '../contracts/identity-verifier.ts';
import { createTestApi, expectProblem } from '../support/api.ts';

const PROJECT = 'demo-reclaim';
const KEY_ID = 'key-1';
const PAIR = generateKeyPairSync('rsa', { modulusLength: 2048 });
const OTHER_PAIR = generateKeyPairSync('rsa', { modulusLength: 2048 });

async function mint({
  claims = {},
  expiresInSeconds = 3600,
  audience = PROJECT,
  issuer = `https://securetoken.google.com/${PROJECT}`,
  signedBy,
  keyId = KEY_ID,
}: Parameters<IdentityVerifierFixture['mint']>[0] & { keyId?: string } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    sub: 'alice',
    aud: audience,
    iss: issuer,
    iat: now - 60,
    exp: now + expiresInSeconds,
    auth_time: now - 60,
    ...claims,
  };
  if (signedBy === 'nobody') return new UnsecuredJWT(payload).encode();
  const { privateKey } = signedBy === 'another-key' ? OTHER_PAIR : PAIR;
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: keyId })
    .sign(privateKey);
}

/** Leads firebase-admin's HTTPS requests to a server of ours, which sees which host was meant. */
async function agentTo(listener: RequestListener): Promise<Agent> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return agentToPort(port);
}

function agentToPort(port: number): Agent {
  const agent = new Agent();
  agent.createConnection = () => connect(port, '127.0.0.1');
  return agent;
}

const hostsAsked: string[] = [];
const certificates: RequestListener = (request, response) => {
  hostsAsked.push(`${request.headers.host}${request.url}`);
  const key = PAIR.publicKey.export({ type: 'spki', format: 'pem' });
  response
    .setHeader('content-type', 'application/json')
    .setHeader('cache-control', 'public, max-age=600')
    .end(JSON.stringify({ [KEY_ID]: key }));
};

function createVerifier(
  httpAgent: Agent,
  timeoutMs = 5000,
  more: Pick<FirebaseVerifierOptions, 'checkRevoked' | 'credential'> = {},
) {
  const options = { projectId: PROJECT, allowEmulator: false, httpAgent, timeoutMs, ...more };
  const verifier = createFirebaseVerifier(options);
  onTestFinished(() => verifier.close());
  return verifier;
}

describeIdentityVerifier('Firebase, production path', async () => ({
  verifier: createVerifier(await agentTo(certificates)),
  mint,
}));

test("Google's certificates: asked once for many tokens", async () => {
  hostsAsked.length = 0;
  const verifier = createVerifier(await agentTo(certificates));
  for (let verified = 0; verified < 3; verified += 1) {
    expect(await verifier.verify(await mint())).toMatchObject({ status: 'ok' });
  }
  expect(hostsAsked).toEqual([
    'www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com',
  ]);
});

test('a key that Google does not publish: invalid', async () => {
  const verifier = createVerifier(await agentTo(certificates));
  const verification = await verifier.verify(await mint({ keyId: 'rotated-away' }));
  expect(verification).toEqual({ status: 'rejected', code: 'invalid' });
});

test('Google refuses the connection: unavailable, not rejected', async () => {
  const verifier = createVerifier(agentToPort(1));
  expect(await verifier.verify(await mint())).toMatchObject({ status: 'unavailable' });
});

test('Google answers with an error: unavailable', async () => {
  const agent = await agentTo((_request, response) => {
    response.statusCode = 500;
    response.end('no');
  });
  expect(await createVerifier(agent).verify(await mint())).toMatchObject({ status: 'unavailable' });
});

test('Google accepts the connection and never answers: unavailable at the deadline', async () => {
  const verifier = createVerifier(await agentTo(() => undefined), 100);
  expect(await verifier.verify(await mint())).toEqual({
    status: 'unavailable',
    reason: expect.stringContaining('100 ms'),
  });
});

test('Google is away and the token is past saving anyway: rejected without asking', async () => {
  const verifier = createVerifier(agentToPort(1));
  const verification = await verifier.verify(await mint({ audience: 'somebody-else' }));
  expect(verification).toEqual({ status: 'rejected', code: 'invalid' });
});

test('the emulator is set in the environment and not allowed: no verifier', () => {
  vi.stubEnv('FIREBASE_AUTH_EMULATOR_HOST', '127.0.0.1:9099');
  onTestFinished(() => void vi.unstubAllEnvs());
  const options = { projectId: PROJECT, allowEmulator: false };
  expect(() => createFirebaseVerifier(options)).toThrow(/EMULATOR/);
});

describe('forgeries', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const claims = () => ({
    ...{ sub: 'mallory', aud: PROJECT, iss: `https://securetoken.google.com/${PROJECT}` },
    ...{ iat: now() - 60, exp: now() + 3600, auth_time: now() - 60, admin: true },
  });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each([
    ['none, as the emulator signs', { alg: 'none', typ: 'JWT' }],
    ['none, with the name of a real key', { alg: 'none', typ: 'JWT', kid: KEY_ID }],
    ['RS256 in word alone', { alg: 'RS256', typ: 'JWT', kid: KEY_ID }],
  ])('unsigned, algorithm %s: invalid', async (_what, header) => {
    const verifier = createVerifier(await agentTo(certificates));
    for (const signature of ['', 'AAAA']) {
      const token = `${part(header)}.${part(claims())}.${signature}`;
      expect(await verifier.verify(token)).toEqual({ status: 'rejected', code: 'invalid' });
    }
  });

  test('HS256, with the published key for a secret: invalid', async () => {
    const verifier = createVerifier(await agentTo(certificates));
    const published = PAIR.publicKey.export({ type: 'spki', format: 'pem' });
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: KEY_ID })
      .sign(createSecretKey(Buffer.from(published)));
    expect(await verifier.verify(token)).toEqual({ status: 'rejected', code: 'invalid' });
  });

  test.each([
    ['nbf in an hour', { nbf: now() + 3600 }],
    ['issued in an hour', { iat: now() + 3600, exp: now() + 7200 }],
  ])('not valid yet, %s: invalid', async (_what, changes) => {
    const verifier = createVerifier(await agentTo(certificates));
    const verification = await verifier.verify(await mint({ claims: changes }));
    expect(verification).toEqual({ status: 'rejected', code: 'invalid' });
  });
});

describe('revocation', () => {
  interface Google {
    /** As accounts:lookup answers; null: no such account. */
    account: Record<string, unknown> | null | 'no answer';
    readonly lookUps: string[];
  }

  async function setUp(checkRevoked: CheckRevoked, account: Google['account'] = {}) {
    const google: Google = { account, lookUps: [] };
    const agent = await agentTo((request, response) => {
      if (!request.url?.endsWith('/accounts:lookup')) return certificates(request, response);
      google.lookUps.push(`${request.headers.host}${request.url}`);
      if (google.account === 'no answer') {
        response.statusCode = 500;
        response.end('{}');
        return;
      }
      const users = google.account === null ? [] : [{ localId: 'alice', ...google.account }];
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ users }));
    });
    const credential = {
      getAccessToken: async () => ({ access_token: 'of-a-service-account', expires_in: 3600 }),
    };
    return { google, verifier: createVerifier(agent, 5000, { checkRevoked, credential }) };
  }

  const admin = { customAttributes: JSON.stringify({ admin: true }) };
  const seconds = (ms: number) => String(Math.floor(ms / 1000));
  const revoked = { status: 'rejected', code: 'revoked' };
  const anAdmin = () => mint({ claims: { admin: true } });

  test('admins: each account is asked for once in a while, and users are not asked for', async () => {
    const { google, verifier } = await setUp('admins', admin);
    expect(await verifier.verify(await mint())).toMatchObject({ status: 'ok', isAdmin: false });
    expect(google.lookUps).toEqual([]);
    const tokens = await Promise.all([anAdmin(), anAdmin(), anAdmin()]);
    for (const verification of await Promise.all(tokens.map(verifier.verify))) {
      expect(verification).toMatchObject({ status: 'ok', isAdmin: true });
    }
    expect(await verifier.verify(await anAdmin())).toMatchObject({ status: 'ok', isAdmin: true });
    expect(google.lookUps).toEqual([
      `identitytoolkit.googleapis.com/v1/projects/${PROJECT}/accounts:lookup`,
    ]);
  });

  test.each<[string, Google['account']]>([
    ['sessions ended since', { ...admin, validSince: seconds(Date.now() + 1000) }],
    ['disabled', { ...admin, disabled: true }],
    ['deleted', null],
  ])(
    '%s: revoked, for administrators and, where all are checked, for users',
    async (_what, account) => {
      const admins = await setUp('admins', account);
      expect(await admins.verifier.verify(await anAdmin())).toEqual(revoked);
      expect(await admins.verifier.verify(await mint())).toMatchObject({ status: 'ok' });
      const all = await setUp('all', account);
      expect(await all.verifier.verify(await mint())).toEqual(revoked);
    },
  );

  test('sessions ended before this one began: good', async () => {
    const account = { ...admin, validSince: seconds(Date.now() - 120_000) };
    const { verifier } = await setUp('all', account);
    expect(await verifier.verify(await anAdmin())).toMatchObject({ status: 'ok', isAdmin: true });
    const claims = { auth_time: undefined };
    expect(await verifier.verify(await mint({ claims }))).toEqual(revoked);
  });

  test('no administrator any more: the token is a user’s', async () => {
    const { verifier } = await setUp('admins', {});
    expect(await verifier.verify(await anAdmin())).toMatchObject({ status: 'ok', isAdmin: false });
  });

  test('Google does not say: unavailable, for those alone who are checked, and asked again next time', async () => {
    const { google, verifier } = await setUp('admins', 'no answer');
    expect(await verifier.verify(await anAdmin())).toMatchObject({ status: 'unavailable' });
    expect(await verifier.verify(await mint())).toMatchObject({ status: 'ok' });
    google.account = admin;
    expect(await verifier.verify(await anAdmin())).toMatchObject({ status: 'ok', isAdmin: true });
  });

  describe('of a session', () => {
    const wallet = { url: '/api/freqtrade/wallet' };
    const sagas = { url: '/api/freqtrade/admin/sagas' };
    const board = { url: '/admin/queues' };

    // Opened while the account was good; a token of the same account would see the change as late.
    async function openSession(changed: Google['account'], claims: Record<string, unknown> = {}) {
      const [before, after] = [await setUp('all', admin), await setUp('all', changed)];
      const current = { verifier: before.verifier };
      const identities: IdentityVerifier = {
        verify: (token) => current.verifier.verify(token),
        confirm: (identity) => current.verifier.confirm(identity),
      };
      const api = await createTestApi({ deps: { identities } });
      const authorization = `Bearer ${await mint({ claims: { sub: 'alice', ...claims } })}`;
      const opened = await api.app.inject({
        method: 'POST',
        url: '/api/freqtrade/session',
        headers: { authorization },
      });
      const cookie = String(opened.headers['set-cookie']).split(';')[0] ?? '';
      const ask = (request: { url: string }) => api.app.inject({ ...request, headers: { cookie } });
      expect((await ask(wallet)).statusCode).toBe(200);
      current.verifier = after.verifier;
      return ask;
    }

    test.each<[string, Google['account']]>([
      ['sessions ended since', { ...admin, validSince: seconds(Date.now() + 1000) }],
      ['disabled', { ...admin, disabled: true }],
      ['deleted', null],
    ])(
      '%s: it ends with the account, on the API and on the queue board',
      async (_what, account) => {
        const ask = await openSession(account, { admin: true });
        expect(expectProblem(await ask(wallet), 401, 'unauthenticated')).toMatchObject({
          reason: 'revoked',
        });
        expectProblem(await ask(board), 401, 'unauthenticated');
      },
    );

    test('no administrator any more: a user’s session', async () => {
      const ask = await openSession({}, { admin: true });
      expect((await ask(wallet)).statusCode).toBe(200);
      expectProblem(await ask(sagas), 403, 'admin-only');
      expectProblem(await ask(board), 401, 'session-needed');
    });

    test('Google does not say: 503, and it is not over', async () => {
      const ask = await openSession('no answer');
      expectProblem(await ask(wallet), 503, 'identity-unavailable');
    });
  });

  test('none: nobody is asked for', async () => {
    const { google, verifier } = await setUp('none', null);
    expect(await verifier.verify(await anAdmin())).toMatchObject({ status: 'ok', isAdmin: true });
    expect(google.lookUps).toEqual([]);
  });
});

test('Google is away: the API answers 503, and 401 for what is past saving', async () => {
  const identities = createVerifier(agentToPort(1));
  const api = await createTestApi({ deps: { identities } });
  const ask = async (token: string) =>
    api.app.inject({
      url: '/api/freqtrade/wallet',
      headers: { authorization: `Bearer ${token}` },
    });
  expectProblem(await ask(await mint()), 503, 'identity-unavailable');
  expectProblem(await ask(await mint({ audience: 'x' })), 401, 'unauthenticated');
});
