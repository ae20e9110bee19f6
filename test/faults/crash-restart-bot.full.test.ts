// Workers that die everywhere in the restart of a bot: it is started once, its owner is told one outcome, its key is free
// again, and no worker that comes back starts a bot that was deleted meanwhile (I1, I5, I8).

import { it } from 'vitest';
import { createCrashServices } from '../support/crash/crash-services.ts';
import { restartTests } from '../support/crash/restart-tests.ts';
import { CRASH_TIMEOUT_MS, expectNoHarm } from '../support/crash/run-crashes.ts';

it('restart-bot, its worker dies at every point: started once and never beside itself, and its key is free', {
  timeout: CRASH_TIMEOUT_MS,
}, async (test) => {
  const services = await createCrashServices();
  await expectNoHarm(test, services, 'restart-bot', restartTests(services));
});
