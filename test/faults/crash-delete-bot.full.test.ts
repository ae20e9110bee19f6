// Workers that die everywhere in a deletion: at every point, forwards and backwards, once and twice, with answers
// lost and with the dead coming back beside the living. Whatever happens, the money has come back exactly once
// and the bot is gone, or everything is as it was (I1, I2, I5, I6).
//
// Real log, runner, leases, ports and MongoDB. Each point is died at once over the real queue; the other runs call
// the next worker directly. A wake-up carries a saga's id and nothing else, so that a queue could only change when a
// worker comes, and here that is always the worst moment. Processes that are really killed have tests of their own.

import { it } from 'vitest';
import { createCrashServices } from '../support/crash/crash-services.ts';
import { deletionTests } from '../support/crash/deletion-tests.ts';
import { CRASH_TIMEOUT_MS, expectNoHarm } from '../support/crash/run-crashes.ts';

it('delete-bot, its worker dies at every point: paid once, or everything as before', {
  timeout: CRASH_TIMEOUT_MS,
}, async (test) => {
  const services = await createCrashServices();
  await expectNoHarm(test, services, 'delete-bot', deletionTests(services));
});
