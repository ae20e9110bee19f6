// The production path of Firebase Auth, in process: real tokens signed with RS256, and an HTTP server
// that answers firebase-admin's request for Google's certificates.

import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { Agent } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createFirebaseVerifier } from '../../src/adapters/firebase/firebase-verifier.ts';
import {
  describeIdentityVerifier,
  type IdentityVerifierFixture,
} from '../contracts/identity-verifier.ts';

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

function createVerifier(httpAgent: Agent, timeoutMs = 5000) {
  const options = { projectId: PROJECT, allowEmulator: false, httpAgent, timeoutMs };
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
