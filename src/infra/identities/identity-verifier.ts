// The sender of a request. The port is separate because both its implementations (Firebase, local
// tokens) and the API know it, and neither may know the other. A token that could not be judged is
// `unavailable`, never `rejected`: an outage of the identity provider must not sign users out.

import type { FirebaseUid, UserId } from '../../domain/ids.ts';

export interface IdentityVerifier {
  /** Judges a bearer token; bounded in time by the implementation. */
  verify(token: string): Promise<Verification>;
  /** Judges again an identity that a token proved earlier, as far as that can have changed since: a session must not
   * outlast what would have ended its token. Bounded as above. */
  confirm(identity: Identity): Promise<Verification>;
}

export type Verification =
  | ({ readonly status: 'ok' } & Identity)
  | { readonly status: 'rejected'; readonly code: RejectionCode }
  /** `reason` is for the log, not for the caller. */
  | { readonly status: 'unavailable'; readonly reason: string };

export type RejectionCode = 'expired' | 'invalid' | 'revoked';

export interface Identity {
  /** What the platform calls them in its files and names: their uid of Firebase Auth; where its own token names them,
   * their `_id`. */
  readonly firebaseUid: FirebaseUid;
  /** Of a token of the platform's own alone: then the account is this one's, and no other of that uid. */
  readonly userId?: UserId;
  /** The custom claim `admin: true`, and nothing else, makes an administrator. */
  readonly isAdmin: boolean;
  readonly expiresAt: Date;
  /** When its user signed in, where the provider states it. */
  readonly signedInAt?: Date;
  /** Of the session that showed it; a token has none. */
  readonly sessionId?: string;
}
