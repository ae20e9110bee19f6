// Sessions of the pages: a signed cookie that names the user, exchanged for a token. A script cannot read
// it, and server-sent events and the queue board, which cannot send a token, work with it. Any process of the same secret
// can read it; it ends with the token it was made from, or when its user signs out. It has an id, which stays when a fresh
// token prolongs it: signing out ends every cookie that was ever made for it. A session of a user whom the platform's
// own token named carries a fingerprint of the secret that judged the token, so that it ends with that secret.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { parseFirebaseUid, parseUserId } from '../domain/ids.ts';
import type { Identity } from '../infra/identities/identity-verifier.ts';
import type { EndedSessions } from '../infra/identities/mongo-ended-sessions.ts';

export interface SessionIdentity extends Identity {
  readonly sessionId: string;
}

export interface Session {
  readonly value: string;
  readonly expiresAt: Date;
}

/** A working day; Firebase's tokens end after an hour, and the session with them. */
const MAX_AGE_MS = 12 * 3_600_000;
const MIN_SECRET_BYTES = 32;
const ID_BYTES = 16;
/** Between our clock and the database's, which forgets. */
const CLOCK_SKEW_MS = 3_600_000;

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions(deps: {
  readonly secret: string;
  /** PLATFORM_JWT_SECRET: without it no session of a platform's own user is read. */
  readonly platformSecret?: string | undefined;
  readonly ended: EndedSessions;
  readonly now: () => Date;
}) {
  if (Buffer.byteLength(deps.secret) < MIN_SECRET_BYTES) {
    throw new RangeError(`the session secret must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  const sign = (payload: string) =>
    createHmac('sha256', deps.secret).update(`session.${payload}`).digest('base64url');
  const { platformSecret } = deps;
  const fingerprint =
    platformSecret === undefined
      ? null
      : createHmac('sha256', deps.secret).update(`platform.${platformSecret}`).digest('base64url');

  return {
    /** @param sessionId of the session to prolong; a new one begins where it is left out. */
    open: (
      { firebaseUid, userId, isAdmin, expiresAt, signedInAt }: Identity,
      sessionId: string = newId(),
    ): Session => {
      const endsMs = Math.min(expiresAt.getTime(), deps.now().getTime() + MAX_AGE_MS);
      const signedInMs = signedInAt?.getTime() ?? null;
      const named = userId === undefined ? [] : [userId, fingerprint];
      const claims = [firebaseUid, isAdmin, endsMs, signedInMs, sessionId, ...named];
      const text = JSON.stringify(claims);
      const payload = Buffer.from(text).toString('base64url');
      const value = `${payload}.${sign(payload)}`;
      return { value, expiresAt: new Date(endsMs) };
    },
    /** Whom a cookie names; null when it is not ours, changed, over, or ended.
     * @throws UnavailableError, RetryableError where it is unknown whether it has ended. */
    read: async (value: string | undefined): Promise<SessionIdentity | null> => {
      const [payload = '', signature = '', ...more] = (value ?? '').split('.');
      // As text: several texts decode to the same bytes, and a session has one cookie.
      const given = Buffer.from(signature);
      const expected = Buffer.from(sign(payload));
      if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected))
        return null;
      const [uid, admin, endsMs, signedInMs, sessionId, ownId, by] = parsePayload(payload);
      const firebaseUid = parseFirebaseUid(uid);
      if (firebaseUid === undefined || typeof endsMs !== 'number') return null;
      if (typeof sessionId !== 'string') return null;
      // A cookie that names an account must not become one that names a uid.
      const userId = parseUserId(ownId);
      if (userId === undefined && ownId !== null && ownId !== undefined) return null;
      if (userId !== undefined && (fingerprint === null || by !== fingerprint)) return null;
      if (endsMs <= deps.now().getTime()) return null;
      if ((await deps.ended.among([sessionId])).has(sessionId)) return null;
      return {
        firebaseUid,
        ...(userId === undefined ? {} : { userId }),
        isAdmin: admin === true,
        expiresAt: new Date(endsMs),
        ...(typeof signedInMs === 'number' && { signedInAt: new Date(signedInMs) }),
        sessionId,
      };
    },
    /** Every cookie of this session is invalid from now on, at every process. */
    end: (sessionId: string): Promise<void> => {
      // The cookie that was shown may not be the one of the session that lasts longest.
      const forgetAt = new Date(deps.now().getTime() + MAX_AGE_MS + CLOCK_SKEW_MS);
      return deps.ended.end(sessionId, forgetAt);
    },
  };
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

// Ours, but perhaps of another release: a cookie of another format names no user.
function parsePayload(payload: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
