// Workers that die everywhere in a synchronisation: each orphan is paid by one saga, each entry is put right once, the
// run's report is kept, and the same run once more changes nothing (I2, I3, I8, I12).

import { it } from 'vitest';
import { createCrashServices } from '../support/crash/crash-services.ts';
import { CRASH_TIMEOUT_MS, expectNoHarm } from '../support/crash/run-crashes.ts';
import { syncWalletTests } from '../support/crash/sync-wallet-tests.ts';

it('sync-wallet, its worker dies at every point: every orphan paid by one saga, and a second run changes nothing', {
  timeout: CRASH_TIMEOUT_MS,
}, async (test) => {
  const services = await createCrashServices();
  await expectNoHarm(test, services, 'sync-wallet', syncWalletTests(services));
});
