// Identities by Firebase Auth. A token is `rejected` only for reasons known to be its own; everything else that
// firebase-admin throws (certificates that cannot be fetched come as `auth/argument-error`, like a bad
// token) is `unavailable`, so that an outage at Google ends no session. Neither accepts a token.

import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import { withDeadline } from '@reclaim/saga';
import { type Credential, deleteApp, initializeApp } from 'firebase-admin/app';
import { type Auth, type DecodedIdToken, getAuth } from 'firebase-admin/auth';
import { parseFirebaseUid } from '../../../domain/ids.ts';
import type { Identity, IdentityVerifier, Verification } from '../identity-verifier.ts';
import { type AccountFacts, createAccountFacts } from './account-facts.ts';

export interface FirebaseVerifierOptions {
  readonly projectId: string;
  /** Whether FIREBASE_AUTH_EMULATOR_HOST may be set: firebase-admin reads it by itself, and then takes
   * unsigned tokens, which must never happen unasked. */
  readonly allowEmulator: boolean;
  /** Whose tokens are held against their accounts, for revocation. It needs a credential that may read accounts. */
  readonly checkRevoked?: CheckRevoked;
  /** For reading accounts; Google's application default credentials where it is left out. */
  readonly credential?: Credential;
  /** How Google is reached; Node's own agent by default. */
  readonly httpAgent?: Agent;
  /** Longest time for one verification; firebase-admin itself sets none. */
  readonly timeoutMs?: number;
}

/** `none`: a token that was revoked holds until it expires, within an hour. */
export type CheckRevoked = 'none' | 'admins' | 'all';

export interface FirebaseVerifier extends IdentityVerifier {
  close(): Promise<void>;
}

/** @throws Error when the emulator is set in the environment and not allowed. */
export function createFirebaseVerifier(options: FirebaseVerifierOptions): FirebaseVerifier {
  if (!options.allowEmulator && process.env.FIREBASE_AUTH_EMULATOR_HOST !== undefined) {
    throw new Error('FIREBASE_AUTH_EMULATOR_HOST is set: its unsigned tokens are not allowed here');
  }
  const { projectId, httpAgent, credential, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const app = initializeApp(
    {
      projectId,
      ...(httpAgent === undefined ? {} : { httpAgent }),
      ...(credential === undefined ? {} : { credential }),
    },
    `reclaim-${randomUUID()}`,
  );
  const auth = getAuth(app);
  const factsOf = createAccountFacts({
    lookUp: (uid) => lookUp(auth, uid),
    nowMs: () => performance.now(),
  });
  const judge = async (text: string): Promise<Verification> => {
    const token = await auth.verifyIdToken(text);
    // Google demands this check, and firebase-admin does not make it.
    if (token.iat * 1000 > Date.now() + CLOCK_SKEW_MS)
      return { status: 'rejected', code: 'invalid' };
    const verification = accepted(token);
    return verification.status === 'ok' ? confirm(verification) : verification;
  };
  const confirm = async (identity: Identity): Promise<Verification> => {
    const { checkRevoked = 'none' } = options;
    const isChecked = checkRevoked === 'all' || (checkRevoked === 'admins' && identity.isAdmin);
    if (!isChecked) return { ...identity, status: 'ok' };
    return stillGood(identity, await factsOf(identity.firebaseUid));
  };
  const late = () => new Error(`no verdict within ${timeoutMs} ms`);
  const inTime = async (verdict: Promise<Verification>) => {
    try {
      return await withDeadline(() => verdict, { ms: timeoutMs, late });
    } catch (error) {
      return refused(error);
    }
  };
  return {
    verify: (token) => inTime(judge(token)),
    confirm: (identity) => inTime(confirm(identity)),
    close: () => deleteApp(app),
  };
}

const DEFAULT_TIMEOUT_MS = 5000;
/** Between Google's clock and ours. */
const CLOCK_SKEW_MS = 60_000;

function accepted(token: DecodedIdToken): Verification {
  const firebaseUid = parseFirebaseUid(token.uid);
  if (firebaseUid === undefined) return { status: 'rejected', code: 'invalid' };
  return {
    status: 'ok',
    firebaseUid,
    isAdmin: token.admin === true,
    expiresAt: new Date(token.exp * 1000),
    ...(typeof token.auth_time === 'number' && { signedInAt: new Date(token.auth_time * 1000) }),
  };
}

// Where this check is configured no token may pass for want of an answer: no facts, no verdict.
function stillGood(identity: Identity, facts: AccountFacts): Verification {
  if (facts.status === 'gone' || facts.isDisabled) return { status: 'rejected', code: 'revoked' };
  const { validFromMs, isAdmin } = facts;
  const signedInMs = identity.signedInAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  const isCurrent = validFromMs === null || signedInMs >= validFromMs;
  if (!isCurrent) return { status: 'rejected', code: 'revoked' };
  // A right that was taken away ends with the check, not with the token.
  return { ...identity, status: 'ok', isAdmin: identity.isAdmin && isAdmin };
}

async function lookUp(auth: Auth, uid: string): Promise<AccountFacts> {
  try {
    const { disabled, tokensValidAfterTime, customClaims } = await auth.getUser(uid);
    const validFromMs =
      tokensValidAfterTime === undefined ? null : Date.parse(tokensValidAfterTime);
    return {
      status: 'known',
      isDisabled: disabled,
      isAdmin: customClaims?.admin === true,
      validFromMs,
    };
  } catch (error) {
    if (codeAndMessage(error).code === 'auth/user-not-found') return { status: 'gone' };
    throw error;
  }
}

function refused(error: unknown): Verification {
  const { code, message } = codeAndMessage(error);
  switch (code) {
    case 'auth/id-token-expired':
      return { status: 'rejected', code: 'expired' };
    case 'auth/id-token-revoked':
    case 'auth/user-disabled':
    case 'auth/user-not-found':
      return { status: 'rejected', code: 'revoked' };
    case 'auth/argument-error':
      if (BLAMES_THE_TOKEN.test(message)) return { status: 'rejected', code: 'invalid' };
      return { status: 'unavailable', reason: message };
    default:
      return { status: 'unavailable', reason: `${code}: ${message}` };
  }
}

// How firebase-admin's messages begin when the token itself is at fault.
const BLAMES_THE_TOKEN =
  /^(Firebase ID token has |Decoding Firebase ID token failed|verifyIdToken\(\) expects |First argument to verifyIdToken)/;

function codeAndMessage(error: unknown): { readonly code: string; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error);
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return { code: hasCode ? String(error.code) : 'no-code', message };
}
