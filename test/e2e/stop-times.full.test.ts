// A stop time of the owner's and the policy's limit: a bot that closes its orders within the time that its owner gives it
// has not failed to stop, and one that takes longer than that meets the policy.

import { describe, expect, it } from 'vitest';
import { startTestApplication } from '../support/application.ts';
import { deleteBot, placeBot } from '../support/deletions.ts';

/** The limit without a stop time of the owner's. */
const STOP_TIMEOUT_MS = '1000';
/** Three seconds longer than usual: by so much longer is the limit. */
const OWN_SECONDS = 13;

const start = (env: Readonly<Record<string, string>> = {}) =>
  startTestApplication({ env: { ON_STOP_FAILURE: 'refund', STOP_TIMEOUT_MS, ...env } });

const codesOf = (body: { warningCodes?: readonly string[] }) => body.warningCodes ?? [];

describe.each(['dedicated', 'pooled'] as const)('a %s bot that takes 2 seconds to stop', (kind) => {
  it('its owner gives it that long: waited for beyond the limit, paid without a warning, not killed', async () => {
    const app = await start();
    const bot = await placeBot(app, kind);
    await app.world.setEnds(bot.instanceId, { needsSeconds: 2, stopSeconds: OWN_SECONDS });
    const { body } = await deleteBot(app, bot);
    expect(body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(codesOf(body)).toEqual([]);
  });

  it('its owner says nothing: the limit decides', async () => {
    const app = await start();
    const bot = await placeBot(app, kind);
    await app.world.setEnds(bot.instanceId, { needsSeconds: 2 });
    const { body } = await deleteBot(app, bot);
    expect(codesOf(body)).toContain('stop-failed');
  });

  it('its owner gives it longer than the longest: that much and no more comes on top', async () => {
    const app = await start({ STOP_GRACE_MAX_SECONDS: '10' });
    const bot = await placeBot(app, kind);
    await app.world.setEnds(bot.instanceId, { needsSeconds: 2, stopSeconds: 3_600 });
    const { body } = await deleteBot(app, bot);
    expect(codesOf(body)).toContain('stop-failed');
    const told = body.warnings[codesOf(body).indexOf('stop-failed')];
    expect(told).toContain('could not be stopped in time');
  });
});
