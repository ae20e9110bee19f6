// Calls to the API as its users make them. One that is not answered may have been carried out all the same.

import { toFirebaseUid } from '../../src/domain/ids.ts';
import { createLocalTokenIssuer } from '../../src/infra/identities/local-tokens.ts';
import { loadSigningKey } from '../../src/infra/identities/signing-key.ts';

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the wire brings.
  readonly body: any;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the API's prefix. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface Client {
  /** Null: no answer. */
  as(uid: string, request: Request): Promise<Reply | null>;
  asAdmin(request: Request): Promise<Reply | null>;
}

const TIMEOUT_MS = 40_000;

export async function createClient(url: string, dataDir: string): Promise<Client> {
  const key = await loadSigningKey(dataDir);
  const issuer = createLocalTokenIssuer({ key, now: () => new Date() });
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (uid: string, isAdmin: boolean) => {
    const found = tokens.get(uid);
    if (found !== undefined) return found;
    const issued = issuer
      .issue({ firebaseUid: toFirebaseUid(uid), isAdmin })
      .then(({ token }) => token);
    tokens.set(uid, issued);
    return issued;
  };
  const send = async (token: string, { method, path, headers, body }: Request) => {
    try {
      const response = await fetch(`${url}/api/freqtrade${path}`, {
        method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    } catch {
      return null;
    }
  };
  return {
    as: async (uid, request) => send(await tokenOf(uid, false), request),
    asAdmin: async (request) => send(await tokenOf('soak-admin', true), request),
  };
}
