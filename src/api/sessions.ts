// Sessions of the pages: a signed cookie that says who signed in, exchanged for a token. A script cannot read
// it, and server-sent events and the queue board, which cannot send a token, work with it. Nothing is stored,
// so any process of the same secret can read it; it ends with the token it was made from.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Identity } from '../domain/identity-verifier.ts';
import { parseFirebaseUid } from '../domain/ids.ts';

export interface Sessions {
  open(identity: Identity): Session;
  /** Whom a cookie names; null when it is not ours, changed, or over. */
  read(value: string | undefined): Identity | null;
}

interface Session {
  readonly value: string;
  readonly expiresAt: Date;
}

export const SESSION_COOKIE = 'reclaim_session';

/** A working day; Firebase's tokens end after an hour, and the session with them. */
const MAX_AGE_MS = 12 * 3_600_000;
const MIN_SECRET_BYTES = 32;

export function createSessions(deps: {
  readonly secret: string;
  readonly now: () => Date;
}): Sessions {
  if (Buffer.byteLength(deps.secret) < MIN_SECRET_BYTES) {
    throw new RangeError(`the session secret must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  const sign = (payload: string) =>
    createHmac('sha256', deps.secret).update(`session.${payload}`).digest();

  return {
    open: ({ firebaseUid, isAdmin, expiresAt, signedInAt }) => {
      const endsMs = Math.min(expiresAt.getTime(), deps.now().getTime() + MAX_AGE_MS);
      const text = JSON.stringify([firebaseUid, isAdmin, endsMs, signedInAt?.getTime() ?? null]);
      const payload = Buffer.from(text).toString('base64url');
      const value = `${payload}.${sign(payload).toString('base64url')}`;
      return { value, expiresAt: new Date(endsMs) };
    },
    read: (value) => {
      const [payload = '', signature = ''] = (value ?? '').split('.');
      const given = Buffer.from(signature, 'base64url');
      const expected = sign(payload);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const [uid, admin, endsMs, signedInMs] = parsePayload(payload);
      const firebaseUid = parseFirebaseUid(uid);
      if (firebaseUid === undefined || typeof endsMs !== 'number') return null;
      if (endsMs <= deps.now().getTime()) return null;
      return {
        firebaseUid,
        isAdmin: admin === true,
        expiresAt: new Date(endsMs),
        ...(typeof signedInMs === 'number' && { signedInAt: new Date(signedInMs) }),
      };
    },
  };
}

// Ours, but perhaps of another release: what it says differently names nobody.
function parsePayload(payload: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
