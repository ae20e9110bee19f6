// PROVISION: beside a platform that starts bots itself, none is started here unless that is asked for. Both would give out
// the same slots and ports.

import { expect, it } from 'vitest';
import { forgetStarts, startBeside, type TestApplication } from '../support/application.ts';
import { allOf, readPoolState, userNamed } from '../support/deletions.ts';
import { provision, setUpProvisioning, UID } from '../support/provisions.ts';
import { createPlatform } from './stand-in/platform.ts';

/** Our start on data that a platform has worked on, the first one where that is said. */
async function startHere(
  app: TestApplication,
  env: Readonly<Record<string, string>>,
  { isFirst = false } = {},
): Promise<TestApplication> {
  if (isFirst) await forgetStarts(app);
  const { url, services } = await startBeside(app, { WORKERS: 'inline', ...env });
  const call: TestApplication['call'] = async (uid, method, path, headers = {}, body) => {
    const response = await fetch(`${url}/api/freqtrade${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await app.token(uid)}`,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return { ...app, url, services, call };
}

/** A platform with one bot, which has read the state that stands there. */
async function placePlatform(app: TestApplication) {
  const platform = createPlatform(app);
  await platform.restart();
  await platform.place({ uid: 'uid-lives' });
  return platform;
}

const offersBots = async (app: TestApplication) =>
  (await app.call(UID, 'GET', '/session')).body.provisionsBots;

it('beside a platform, unset: refused before anything is reserved, and the session says so', async () => {
  const own = await setUpProvisioning({ env: { WORKERS: 'none' } });
  const platform = await placePlatform(own);
  const app = await startHere(own, {}, { isFirst: true });
  const before = await readPoolState(app);
  const { status, body } = await provision(app, { key: 'k-1' });
  expect({ status, body }).toMatchObject({
    status: 409,
    body: {
      ...{ type: 'urn:reclaim:problem:provisioning-off', success: false },
      ...{ message: expect.stringContaining('PROVISION=on'), detail: body.message },
    },
  });
  expect(await offersBots(app)).toBe(false);
  expect(await allOf(app, 'sagas')).toEqual([]);
  expect(await allOf(app, 'requestKeys')).toEqual([]);
  expect(await readPoolState(app)).toEqual(before);
  expect((await userNamed(app, UID)).paperWallet.balance).toBe(1000);
  const { instanceId } = await platform.place({ uid: UID });
  expect(platform.slotOf(instanceId)).toMatchObject({ port: 9000, status: 'running' });
});

it('beside a platform, on: a bot is started, and a platform that starts again gives out another port', async () => {
  const own = await setUpProvisioning({ env: { WORKERS: 'none' } });
  await placePlatform(own);
  const app = await startHere(own, { PROVISION: 'on' }, { isFirst: true });
  expect(await offersBots(app)).toBe(true);
  expect(await provision(app)).toMatchObject({ status: 200, body: { success: true } });
  const platform = createPlatform(own);
  await platform.restart();
  await platform.place({ uid: UID });
  expect(platform.botsOf(UID)).toMatchObject([
    { port: 9000, status: 'running' },
    { port: 9001, status: 'running' },
  ]);
});

it('beside a platform, on, and its memory is from before: it gives the same port out again', async () => {
  const own = await setUpProvisioning({ env: { WORKERS: 'none' } });
  const platform = await placePlatform(own);
  const app = await startHere(own, { PROVISION: 'on' }, { isFirst: true });
  const ours = (await provision(app)).body.bot.instanceId;
  const { port } = (await readPoolState(app)).botMapping[ours] ?? {};
  const theirs = `${UID}-bot-9`;
  await platform.place({ uid: UID, instanceId: theirs });
  expect(platform.slotOf(theirs)).toMatchObject({ port, status: 'failed' });
});

it('accepted while it was on, then off: finished, a repeat of its request finds it, another is refused', async () => {
  const own = await setUpProvisioning({ env: { WORKERS: 'none' } });
  const accepted = await provision(own, { key: 'k-1', wait: 0 });
  expect(accepted.status).toBe(202);
  const app = await startHere(own, { PROVISION: 'off' });
  const repeat = await provision(app, { key: 'k-1' });
  const { jobId } = accepted.body;
  expect(repeat).toMatchObject({ status: 200, body: { success: true, jobId } });
  const other = { botName: 'Beta', allocatedAmount: 1 };
  expect((await provision(app, { key: 'k-1', body: other })).status).toBe(422);
  expect((await provision(app, { key: 'k-2' })).status).toBe(409);
  expect((await provision(app)).status).toBe(409);
  expect(await allOf(app, 'sagas')).toHaveLength(1);
});
