// How long a client waits for its 202: DELETE over HTTP, one after the other, with nobody working on the
// sagas, so that only the acceptance is measured.

import { createLocalTokenIssuer } from '../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../src/infra/identities/signing-key.ts';
import { startApplication } from '../src/main/compose/application.ts';
import type { Environment } from './environment.ts';
import { seedUsers } from './herd.ts';
import type { Row } from './report.ts';
import { median, quantile } from './statistics.ts';

const WARM_UPS = 50;

export function measureAccept(environment: Environment, requests: number): Promise<readonly Row[]> {
  return environment.measure(async (place) => {
    const { config, log, keyPrefix, signal } = place;
    const application = await startApplication({
      config,
      log,
      keyPrefix,
      signal,
      say: () => undefined,
      onLost: (what) => log.error({ what }, 'a server is gone'),
    });
    try {
      const { db } = application.services;
      const bots = await seedUsers(db, place.writePoolState, WARM_UPS + requests);
      const key = await loadSigningKey(config.dataDir);
      const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
      const tookMs: number[] = [];
      for (const { firebaseUid, instanceId } of bots) {
        const { token } = await issuer.issue({ firebaseUid, isAdmin: false });
        const begun = performance.now();
        const response = await fetch(`${application.url}/api/freqtrade/bots/${instanceId}`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${token}` },
          signal,
        });
        const body = await response.text();
        tookMs.push(performance.now() - begun);
        if (response.status !== 202) throw new Error(`DELETE gave ${response.status}: ${body}`);
      }
      const timed = tookMs.slice(WARM_UPS);
      return [
        ['acceptMedianMs', median(timed), 2, 'DELETE to 202, median, ms', '< 10'],
        ['acceptP95Ms', quantile(timed, 0.95), 2, 'DELETE to 202, 95 of 100, ms'],
      ] as const;
    } finally {
      await application.stop();
    }
  });
}
