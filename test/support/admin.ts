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

export interface Board {
  /** Of the board's own API, or of what else stands under its session. */
  get(path: string): Promise<Reply>;
  retry(queue: string, jobId: string): Promise<number>;
}

/** The queue board, as an administrator's browser talks to it. */
export async function openBoard(app: TestApplication): Promise<Board> {
  const session = await asAdmin(app, 'POST', '/session', {});
  const cookie = String(session.headers.get('set-cookie')).split(';')[0] ?? '';
  const board = `${app.url}/admin/queues`;
  return {
    get: async (path) => {
      const response = await fetch(`${board}${path}`, { headers: { cookie } });
      const { status, headers } = response;
      return { status, headers, body: await response.json() };
    },
    retry: async (queue, jobId) => {
      const headers = { cookie, origin: app.url };
      const url = `${board}/api/queues/${queue}/${jobId}/retry`;
      return (await fetch(url, { method: 'PUT', headers })).status;
    },
  };
}
