// Workers that die everywhere in a run over all users: one run of each user that drifted, each orphan paid by one saga, the
// report is kept, and the same run once more changes nothing (I2, I3, I8, I12).

import { it } from 'vitest';
import { createCrashServices } from '../support/crash/crash-services.ts';
import { CRASH_TIMEOUT_MS, expectNoHarm } from '../support/crash/run-crashes.ts';
import { syncAllTests } from '../support/crash/sync-all-tests.ts';

it('sync-all, its worker dies at every point: one run a drifted user, one saga an orphan, and a second run changes nothing', {
  timeout: CRASH_TIMEOUT_MS,
}, async (test) => {
  const services = await createCrashServices();
  await expectNoHarm(test, services, 'sync-all', syncAllTests(services), { width: 1 });
});
