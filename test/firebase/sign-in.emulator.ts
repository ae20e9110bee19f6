// The real server with AUTH=firebase, and people who signed in at Firebase's own emulator: the user's orphan and
// their bot, tokens that are good no more, and administrators.

import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Reply } from '../support/application.ts';
import { readEvents } from '../support/event-stream.ts';
import { waitFor } from '../support/wait-for.ts';
import { type AuthEmulator, startAuthEmulator } from './auth-emulator.ts';
import { startFirebaseServer } from './firebase-server.ts';

const ORPHANS_OWNER = 'anshjarvis2003';
const BOTS_OWNER = 'uid-live';

let emulator: AuthEmulator;

beforeAll(async () => {
  emulator = await startAuthEmulator(inject('firebaseCommand'));
  for (const uid of [ORPHANS_OWNER, BOTS_OWNER]) await emulator.create(uid, emailOf(uid));
}, 120_000);

afterAll(() => emulator?.stop(), 60_000);

const emailOf = (uid: string) => `${uid}@example.com`;

async function startServer(over: Readonly<Record<string, string>> = {}): Promise<string> {
  return `${await startFirebaseServer(emulator, over)}/api/freqtrade`;
}

async function call(
  api: string,
  token: string,
  method: string,
  path: string,
): Promise<Pick<Reply, 'status' | 'body'>> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, prefer: 'wait=20' },
  });
  return { status: response.status, body: await response.json() };
}

/** The same token with other claims: the emulator signs nothing. */
function altered(token: string, changes: Readonly<Record<string, unknown>>): string {
  const [header, payload = ''] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...changes };
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
}

const seconds = () => Math.floor(Date.now() / 1000);

describe('a user who signed in', () => {
  it('gets the orphan’s money back, deletes a bot, and watches the job: each with their own token', async () => {
    const api = await startServer();
    const { uid, token } = await emulator.signIn(emailOf(ORPHANS_OWNER));
    expect(uid).toBe(ORPHANS_OWNER);
    const sync = await call(api, token, 'POST', '/sync-wallet');
    expect(sync.body.data).toMatchObject({ totalReturned: 1105, newWalletBalance: 18436 });

    const owner = await emulator.signIn(emailOf(BOTS_OWNER));
    const deleted = await call(api, owner.token, 'DELETE', '/bots/uid-live-bot-1');
    expect(deleted).toMatchObject({ status: 200, body: { success: true } });
    const { jobId } = deleted.body;
    const stream = await readEvents(`${api}/jobs/${jobId}/events`, owner.token);
    await stream.hasEnded();
    expect(stream.events.at(-1)?.data).toMatchObject({ jobId, state: 'completed' });
    expect((await call(api, token, 'GET', `/jobs/${jobId}`)).status).toBe(404);
    expect((await call(api, token, 'DELETE', '/bots/uid-live-bot-2')).status).toBe(404);
  });

  it('has an account at Firebase and none on the platform: 403, and nothing of anybody’s', async () => {
    const api = await startServer();
    const { token } = await emulator.signUp('new@example.com');
    const refused = await call(api, token, 'GET', '/wallet');
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.body.type).toBe('urn:reclaim:problem:no-account');
  });
});

describe('a token that is good no more', () => {
  it('expired, of another project, of nobody: 401, each with its reason', async () => {
    const api = await startServer();
    const { token } = await emulator.signIn(emailOf(ORPHANS_OWNER));
    const reason = async (changes: Readonly<Record<string, unknown>>) => {
      const { status, body } = await call(api, altered(token, changes), 'GET', '/wallet');
      return `${status} ${body.reason}`;
    };
    expect((await call(api, token, 'GET', '/wallet')).status).toBe(200);
    expect(await reason({ exp: seconds() - 60 })).toBe('401 expired');
    expect(await reason({ aud: 'another-project' })).toBe('401 invalid');
    expect(await reason({ iat: seconds() + 3600 })).toBe('401 invalid');
    expect(await reason({ sub: 'nobody', user_id: 'nobody' })).toBe('401 revoked');
  });

  it('sessions ended: 401 until they sign in again; disabled, then deleted: 401', async () => {
    const api = await startServer();
    const { uid, token } = await emulator.signUp('leaving@example.com');
    // No account on the platform: the token is good.
    expect((await call(api, token, 'GET', '/wallet')).status).toBe(403);
    await emulator.update(uid, { validSince: String(seconds() + 1) });
    const revoked = await call(api, token, 'GET', '/wallet');
    expect(revoked).toMatchObject({ status: 401, body: { reason: 'revoked' } });
    const again = await waitFor('a session that counts', async () => {
      const { token: newer } = await emulator.signIn('leaving@example.com');
      return (await call(api, newer, 'GET', '/wallet')).status === 403 && newer;
    });
    await emulator.update(uid, { disableUser: true });
    const disabled = await call(api, again, 'GET', '/wallet');
    expect(disabled).toMatchObject({ status: 401, body: { reason: 'revoked' } });
    await emulator.remove(uid);
    expect((await call(api, again, 'GET', '/wallet')).status).toBe(401);
  });
});

describe('the admin part', () => {
  it('opened by the claim alone, from the next token on; closed again when the claim is taken away', async () => {
    const api = await startServer({ FIREBASE_CHECK_REVOKED: 'admins' });
    const { uid, token } = await emulator.signUp('ann@example.com');
    expect((await call(api, token, 'GET', '/admin/sagas')).status).toBe(403);
    await emulator.update(uid, { customAttributes: JSON.stringify({ admin: true }) });
    expect((await call(api, token, 'GET', '/admin/sagas')).status).toBe(403);
    const admin = await emulator.signIn('ann@example.com');
    expect((await call(api, admin.token, 'GET', '/admin/sagas')).status).toBe(200);
    const all = await call(api, admin.token, 'POST', '/admin/sync-all?dryRun=true');
    expect([200, 202]).toContain(all.status);
    // A process that has not asked for the account yet: the one above may believe it for a minute.
    await emulator.update(uid, { customAttributes: '{}' });
    const other = await startServer({ FIREBASE_CHECK_REVOKED: 'admins' });
    expect((await call(other, admin.token, 'GET', '/admin/sagas')).status).toBe(403);
  });
});

describe('Firebase is away', () => {
  it('503 for a token that may be good, never 401', async () => {
    const second = await startAuthEmulator(inject('firebaseCommand'));
    onTestFinished(() => second.stop());
    const api = await startServer({ FIREBASE_AUTH_EMULATOR_HOST: second.host });
    const { token } = await second.signUp('late@example.com');
    expect((await call(api, token, 'GET', '/wallet')).status).toBe(403);
    await second.stop();
    const away = await call(api, token, 'GET', '/wallet');
    expect(away.status).toBe(503);
    expect(away.body.type).toBe('urn:reclaim:problem:identity-unavailable');
  });
});
