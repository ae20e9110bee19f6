// An administrator's requests to the whole application.

import { createLocalTokenIssuer } from '../../src/adapters/local-auth/local-tokens.ts';
import { loadSigningKey } from '../../src/adapters/local-auth/signing-key.ts';
import { toFirebaseUid } from '../../src/domain/ids.ts';
import type { Reply, TestApplication } from './application.ts';

/** A request with the token of an administrator of this name; `path` is below the API's prefix. */
export async function asAdmin(
  app: TestApplication,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  name = 'ann',
): Promise<Reply> {
  const issuer = createLocalTokenIssuer({
    key: await loadSigningKey(String(app.env.DATA_DIR)),
    now: () => new Date(),
  });
  const { token } = await issuer.issue({ firebaseUid: toFirebaseUid(name), isAdmin: true });
  const response = await fetch(`${app.url}/api/freqtrade${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
