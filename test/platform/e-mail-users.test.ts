// The platform's users of e-mail and password: its own HS256 token names them by `_id`, they have no firebaseUid, and they
// see and touch what is theirs and nothing else.

import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import {
  type Reply,
  startBeside,
  startTestApplication,
  type TestApplication,
} from '../support/application.ts';
import { userNamed } from '../support/deletions.ts';
import { byId, putUser, readUser, users } from '../support/users.ts';
import { createPlatform } from './stand-in/platform.ts';

const SECRET = 'what the platform signs with';
const ENV = { AUTH: 'firebase', FIREBASE_PROJECT_ID: 'demo', PLATFORM_JWT_SECRET: SECRET };

const soon = () => Math.floor(Date.now() / 1_000) + 900;

function signed(
  payload: Record<string, unknown>,
  {
    secret = SECRET,
    alg = 'HS256',
    exp = soon(),
  }: { secret?: string; alg?: string; exp?: number | null } = {},
): Promise<string> {
  const token = new SignJWT(payload).setProtectedHeader({ alg });
  if (exp !== null) token.setExpirationTime(exp);
  return token.sign(new TextEncoder().encode(secret));
}

/** One of e-mail and one of Firebase, each with a bot that the platform made. */
async function setUp() {
  const own = await startTestApplication({ env: { WORKERS: 'none' } });
  const platform = createPlatform(own);
  const theirs = await platform.place({ uid: 'uid-other' });
  const userId = await putUser(own.db, { balance: 150, bots: {} });
  await users(own.db).updateOne(byId(userId), { $unset: { firebaseUid: 1 } });
  await platform.provision(userId, `${userId}-bot-1`, 100);
  await own.world.setLiveValue(`${userId}-bot-1`, 110);
  const { url } = await startBeside(own, { ...ENV, WORKERS: 'inline' });
  const app: TestApplication = { ...own, url };
  const call = async (token: string, method: string, path: string): Promise<Reply> => {
    const sent = { authorization: `Bearer ${token}`, prefer: 'wait=30' };
    const reply = await fetch(`${url}/api/freqtrade${path}`, { method, headers: sent });
    return { status: reply.status, headers: reply.headers, body: await reply.json() };
  };
  return { app, platform, theirs, userId, call };
}

it('a user without firebaseUid: sees and deletes their own bot, and none of another', async () => {
  const { app, platform, theirs, userId, call } = await setUp();
  const token = await signed({ user: { id: userId } });
  const { body } = await call(token, 'GET', '/bots');
  expect(body.bots.map((bot: { instanceId: string }) => bot.instanceId)).toEqual([
    `${userId}-bot-1`,
  ]);
  expect((await call(token, 'DELETE', `/bots/${theirs.instanceId}`)).status).toBe(404);
  expect((await userNamed(app, theirs.uid)).paperWallet.balance).toBe(50);
  const synced = await call(token, 'POST', '/sync-wallet?dryRun=true');
  expect(synced.body.data.runningBots).toEqual([`${userId}-bot-1`]);
  const deleted = await call(token, 'DELETE', `/bots/${userId}-bot-1`);
  expect(deleted).toMatchObject({
    status: 200,
    body: { success: true, wallet: { returned: 110 } },
  });
  expect((await readUser(app.db, userId)).paperWallet.balance).toBe(160);
  expect(await platform.programs.status(platform.slotOf(`${userId}-bot-1`))).toBeNull();
  await platform.restart();
  expect(platform.botsOf(userId)).toEqual([]);
  const [job] = (await call(token, 'GET', '/jobs')).body.jobs;
  expect(job.jobId).toBe(deleted.body.jobId);
  expect((await call(token, 'GET', '/admin/findings')).status).toBe(403);

  // By the session that was made of it, too.
  const opened = await call(token, 'POST', '/session');
  const cookie = String(opened.headers.get('set-cookie')).split(';', 1)[0] ?? '';
  const shown = await fetch(`${app.url}/api/freqtrade/wallet`, { headers: { cookie } });
  expect(await shown.json()).toMatchObject({ balance: 160 });
});

it('tokens that are not the platform’s: nobody’s', async () => {
  const { userId, call } = await setUp();
  const user = { id: userId };
  const unsigned = `${btoa('{"alg":"HS256"}')}.${btoa(JSON.stringify({ user, exp: soon() }))}.`;
  const bad = [
    await signed({ user }, { secret: 'another secret of somebody' }),
    await signed({ user }, { secret: `${SECRET}${SECRET}`, alg: 'HS512' }),
    await signed({ user }, { exp: null }),
    await signed({ user }, { exp: 1 }),
    await signed({ user: { id: 'uid-other' } }),
    await signed({ sub: 'uid-other', admin: true }),
    unsigned.replaceAll('=', ''),
  ];
  const statuses = await Promise.all(
    bad.map(async (token) => (await call(token, 'GET', '/bots')).status),
  );
  expect(statuses).toEqual(bad.map(() => 401));
  const gone = await signed({ user: { id: '0123456789abcdef01234567' } });
  expect((await call(gone, 'GET', '/bots')).status).toBe(403);
  const admin = await signed({ user: { id: userId, role: 'admin' }, admin: true });
  expect((await call(admin, 'GET', '/admin/findings')).status).toBe(403);
});
