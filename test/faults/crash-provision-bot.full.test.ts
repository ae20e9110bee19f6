// Workers that die everywhere in a provision: the money is set aside once and there is one bot that runs, or it was
// never taken, or it is back, and nothing is left of the bot (I1, I2, I5, I6, I11).

import { it } from 'vitest';
import { createCrashServices } from '../support/crash/crash-services.ts';
import { provisionTest } from '../support/crash/provision-test.ts';
import { CRASH_TIMEOUT_MS, expectNoHarm } from '../support/crash/run-crashes.ts';

it('provision-bot, its worker dies at every point: one bot and its money, or neither', {
  timeout: CRASH_TIMEOUT_MS,
}, async (test) => {
  const services = await createCrashServices();
  await expectNoHarm(test, services, 'provision-bot', [provisionTest(services)]);
});
