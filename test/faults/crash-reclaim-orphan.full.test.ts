// Workers that die everywhere in the reclaiming of an orphan, that of a bot that is seen again included: as in a
// deletion, an orphan is paid once, or nothing has happened to it (I1, I2, I4, I5, I6).

import { it } from 'vitest';
import { createCrashServices } from '../support/crash/crash-services.ts';
import { reclaimTests } from '../support/crash/deletion-tests.ts';
import { CRASH_TIMEOUT_MS, expectNoHarm } from '../support/crash/run-crashes.ts';

it('reclaim-orphan, its worker dies at every point: paid once, or everything as before', {
  timeout: CRASH_TIMEOUT_MS,
}, async (test) => {
  const services = await createCrashServices();
  await expectNoHarm(test, services, 'reclaim-orphan', reclaimTests(services));
});
