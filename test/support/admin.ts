// An administrator's requests to the whole application.

import { toFirebaseUid } from '../../src/domain/ids.ts';
import { createLocalTokenIssuer } from '../../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../../src/infra/identities/signing-key.ts';
import type { Reply, TestApplication } from './application.ts';

export async function adminToken(app: TestApplication, name = 'ann'): Promise<string> {
  const issuer = createLocalTokenIssuer({
    key: await loadSigningKey(String(app.env.DATA_DIR)),
    now: () => new Date(),
  });
  return (await issuer.issue({ firebaseUid: toFirebaseUid(name), isAdmin: true })).token;
}

/** A request with the token of an administrator of this name; `path` is below the API's prefix. */
export async function asAdmin(
  app: TestApplication,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  name = 'ann',
): Promise<Reply> {
  const token = await adminToken(app, name);
  const response = await fetch(`${app.url}/api/freqtrade${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
