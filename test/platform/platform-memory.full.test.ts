// A deletion beside a platform whose orchestrator is informed of it: after the money, once, and whatever it answers the job
// ends completed. It never pays a second time, and its token is in no log and no job.

import { expect, it } from 'vitest';
import { createLogger } from '../../src/infra/log/logger.ts';
import { startTestApplication } from '../support/application.ts';
import {
  acceptDelete,
  allOf,
  deleteBot,
  jobIn,
  placeBot,
  readPoolState,
  userNamed,
} from '../support/deletions.ts';
import { allocation, putUser } from '../support/users.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  askedFor,
  PLATFORM_TOKEN,
  replyWith,
  startPlatformServer,
} from './stand-in/orchestrator-server.ts';
import { createPlatform } from './stand-in/platform.ts';

const UNINFORMED = 'The trading platform may still list the bot for a while.';

async function startInformed() {
  const platform = await startPlatformServer();
  const lines: string[] = [];
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) });
  const env = { PLATFORM_URL: platform.url, PLATFORM_TOKEN };
  const app = await startTestApplication({ env, log });
  return { app, platform, lines };
}

it('informed: it forgets the bot, gives its slot to the next one, and its own DELETE pays nothing more', async () => {
  const { app, platform: server, lines } = await startInformed();
  const platform = createPlatform(app, { capacity: 1 });
  const bot = await platform.place();
  const slot = platform.slotOf(bot.instanceId);
  const atRequest: unknown[] = [];
  server.answer = async (reply) => {
    const { paperWallet, botAllocations } = await userNamed(app, bot.uid);
    const { pooled } = await app.world.snapshot();
    atRequest.push(paperWallet.balance, Object.keys(botAllocations), pooled.length);
    // What the gateway does besides, if it is asked for the same bot.
    await platform.delete(bot.uid, bot.instanceId);
    replyWith(200)(reply);
  };
  const job = await jobIn(app, bot.uid, await acceptDelete(app, bot), 'completed');
  expect(job).toMatchObject({ result: { platform: 'informed' }, warnings: [] });
  expect(server.asked).toEqual([askedFor(`/api/bots/${bot.instanceId}`)]);
  expect(atRequest).toEqual([160, [], 0]);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);

  expect(platform.botsOf(bot.uid)).toEqual([]);
  const next = await platform.place();
  const { poolId, port } = slot;
  expect(platform.slotOf(next.instanceId)).toMatchObject({ poolId, port, status: 'running' });
  expect(Object.keys((await readPoolState(app)).botMapping)).toEqual([next.instanceId]);

  expect(lines.filter((line) => line.includes(PLATFORM_TOKEN))).toEqual([]);
  const kept = [...(await allOf(app, 'sagas')), ...(await allOf(app, 'tombstones'))];
  expect(JSON.stringify(kept)).not.toContain(PLATFORM_TOKEN);
});

it.each([
  [401, 'refused'],
  [404, 'unknown-there'],
  [500, 'failed'],
  [302, 'redirected'],
] as const)(
  'the platform answers %i: paid and completed, and the job says %s',
  async (code, platformSays) => {
    const { app, platform } = await startInformed();
    platform.answer = replyWith(code, { location: 'http://127.0.0.1:1/' });
    const bot = await placeBot(app, 'dedicated');
    const { status, body } = await deleteBot(app, bot);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { success: true, wallet: { returned: 110 } },
    });
    expect(body.warnings).toEqual(platformSays === 'unknown-there' ? undefined : [UNINFORMED]);
    const job = await app.call(bot.uid, 'GET', `/jobs/${body.jobId}`);
    expect(job.body.result.platform).toBe(platformSays);
    expect(platform.asked).toHaveLength(1);
  },
);

it('the platform never answers: the money is there at once, and the job ends at the deadline', async () => {
  const { app, platform } = await startInformed();
  platform.answer = () => undefined;
  const bot = await placeBot(app, 'dedicated');
  const jobId = await acceptDelete(app, bot);
  await waitFor('the question', () => platform.asked.length > 0);
  expect((await userNamed(app, bot.uid)).paperWallet.balance).toBe(160);
  const job = await jobIn(app, bot.uid, jobId, 'completed');
  expect(job.result.platform).toBe('no-answer');
  expect(job.warnings).toEqual([{ code: 'platform-not-informed', message: UNINFORMED }]);
  expect(platform.asked).toHaveLength(1);
});

it('another wallet pays for a bot of this id: the platform is not asked to delete it', async () => {
  const { app, platform } = await startInformed();
  const bot = await placeBot(app, 'dedicated');
  const bots = { [bot.instanceId]: allocation(100, 110) };
  await putUser(app.db, { balance: 0, bots, firebaseUid: 'uid-other' });
  const { body } = await deleteBot(app, bot);
  expect(body).toMatchObject({ success: true, warningCodes: ['platform-not-informed'] });
  expect(platform.asked).toEqual([]);
});

it('no PLATFORM_URL: the job is as it was', async () => {
  const app = await startTestApplication();
  const bot = await placeBot(app, 'dedicated');
  const job = await jobIn(app, bot.uid, await acceptDelete(app, bot), 'completed');
  expect(Object.keys(job.result)).toEqual(['wallet']);
  expect(job.warnings).toEqual([]);
});
