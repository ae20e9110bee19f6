// The platform's own tokens. Its users of e-mail and password have no Firebase account: its gateway signs them one with a
// secret, `{user: {id: <_id>}}`, for a quarter of an hour. With the same secret they are its users here too, by their
// `_id`, and never administrators. What decides which verifier judges a token is its algorithm; each verifier accepts
// its own alone, so that a token with a false algorithm is accepted by none.

import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { parseUserId, toFirebaseUid } from '../../domain/ids.ts';
import type { Identity, IdentityVerifier, Verification } from './identity-verifier.ts';

/** The only one that its gateway signs with. */
const ALGORITHM = 'HS256';

export interface PlatformTokenOptions {
  /** PLATFORM_JWT_SECRET: what the platform calls its JWT_SECRET. */
  readonly secret: string;
  readonly now: () => Date;
  /** Judges all that is not signed like the platform's own tokens. */
  readonly others: IdentityVerifier;
}

export function withPlatformTokens(options: PlatformTokenOptions): IdentityVerifier {
  const { others, now } = options;
  const key = new TextEncoder().encode(options.secret);
  return {
    verify: (token) => (isPlatformToken(token) ? judge(token, key, now()) : others.verify(token)),
    // The platform takes no token of its own back; it, and a session made from it, ends within the quarter of an hour.
    confirm: async (identity) =>
      identity.userId === undefined ? others.confirm(identity) : { ...identity, status: 'ok' },
  };
}

function isPlatformToken(token: string): boolean {
  try {
    return decodeProtectedHeader(token).alg === ALGORITHM;
  } catch {
    return false;
  }
}

async function judge(token: string, key: Uint8Array, at: Date): Promise<Verification> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      currentDate: at,
      // Without an end it would open the account for ever, and could not be revoked.
      requiredClaims: ['exp'],
    });
    const identity = identityIn(payload.user, payload.exp);
    return identity === null ? INVALID : { status: 'ok', ...identity };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { status: 'rejected', code: 'expired' };
    if (error instanceof errors.JOSEError) return INVALID;
    throw error;
  }
}

function identityIn(user: unknown, exp: number | undefined): Identity | null {
  const userId = parseUserId(Reflect.get(Object(user), 'id'));
  if (userId === undefined || exp === undefined) return null;
  const expiresAt = new Date(exp * 1_000);
  return { userId, firebaseUid: toFirebaseUid(userId), isAdmin: false, expiresAt };
}

const INVALID: Verification = { status: 'rejected', code: 'invalid' };
