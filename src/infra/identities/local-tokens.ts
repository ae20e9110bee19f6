// Tokens for a machine of one's own: signed with the key under DATA_DIR, shaped like Firebase's as far
// as this program reads them. A reader of the key can be any user, so this is refused in production.

import { errors, jwtVerify, SignJWT } from 'jose';
import { type FirebaseUid, parseFirebaseUid } from '../../domain/ids.ts';
import type { IdentityVerifier, Verification } from './identity-verifier.ts';

export interface LocalTokenOptions {
  /** From `loadSigningKey`. */
  readonly key: Uint8Array;
  readonly now: () => Date;
}

export interface LocalTokenIssuer {
  issue(subject: LocalSubject): Promise<{ readonly token: string; readonly expiresAt: Date }>;
}

interface LocalSubject {
  readonly firebaseUid: FirebaseUid;
  readonly isAdmin: boolean;
}

const ISSUER = 'urn:reclaim:local-auth';
const AUDIENCE = 'urn:reclaim:api';
/** The only algorithm accepted, regardless of a token's header. */
const ALGORITHM = 'HS256';
/** Twelve hours: a working day without signing in again. */
const LIFETIME_SECONDS = 12 * 3600;

export function createLocalTokenIssuer({ key, now }: LocalTokenOptions): LocalTokenIssuer {
  return {
    issue: async ({ firebaseUid, isAdmin }) => {
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expiresAt = issuedAt + LIFETIME_SECONDS;
      const token = await new SignJWT(isAdmin ? { admin: true } : {})
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setSubject(firebaseUid)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(key);
      return { token, expiresAt: new Date(expiresAt * 1000) };
    },
  };
}

export function createLocalVerifier({ key, now }: LocalTokenOptions): IdentityVerifier {
  return {
    // No account is disabled here, and no right is taken away.
    confirm: async (identity) => ({ ...identity, status: 'ok' }),
    verify: async (token): Promise<Verification> => {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: AUDIENCE,
          currentDate: now(),
          requiredClaims: ['sub', 'iat', 'exp'],
        });
        const firebaseUid = parseFirebaseUid(payload.sub);
        if (firebaseUid === undefined || payload.exp === undefined) return INVALID;
        const expiresAt = new Date(payload.exp * 1000);
        return { status: 'ok', firebaseUid, isAdmin: payload.admin === true, expiresAt };
      } catch (error) {
        if (error instanceof errors.JWTExpired) return { status: 'rejected', code: 'expired' };
        if (error instanceof errors.JOSEError) return INVALID;
        throw error;
      }
    },
  };
}

const INVALID: Verification = { status: 'rejected', code: 'invalid' };
