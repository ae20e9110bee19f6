// Who looks, after the token: the identity of the request and the account behind it. The account is
// read after validation, so that a malformed request costs no database read.

import type { SagaRecord } from '@reclaim/saga';
import type { FastifyRequest } from 'fastify';
import type { Identity } from '../domain/identity-verifier.ts';
import type { FirebaseUid, UserId } from '../domain/ids.ts';
import type { Accounts } from './dependencies.ts';
import { ProblemError } from './problem.ts';

/** Somebody whose own bots, money and jobs these are. */
export interface Owner {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  /** For the audit trail. */
  readonly name: string;
}

/** Somebody who looks at jobs: an owner, or an administrator who need not be one. */
export interface Viewer {
  readonly userId: UserId | null;
  readonly isAdmin: boolean;
  readonly name: string;
}

export function identityOf(request: FastifyRequest): Identity {
  if (request.identity === null) throw new Error('the route is not behind authentication');
  return request.identity;
}

/** @throws ProblemError `admin-only` */
export function adminOf(request: FastifyRequest): Identity {
  const identity = identityOf(request);
  if (!identity.isAdmin) {
    throw new ProblemError('admin-only', 'The token does not carry the claim of an administrator.');
  }
  return identity;
}

/** @throws ProblemError `no-account` when the token's user has no document on the platform. */
export async function ownerOf(request: FastifyRequest, accounts: Accounts): Promise<Owner> {
  const { firebaseUid, isAdmin } = identityOf(request);
  const account = await accounts.findByIdentity(identityOf(request));
  if (account === null) throw noAccount();
  return {
    userId: account.userId,
    firebaseUid: account.firebaseUid ?? firebaseUid,
    name: auditName(firebaseUid, isAdmin),
  };
}

/** @throws ProblemError `no-account` when the token's user has none and is no administrator. */
export async function viewerOf(request: FastifyRequest, accounts: Accounts): Promise<Viewer> {
  const { firebaseUid, isAdmin } = identityOf(request);
  const account = await accounts.findByIdentity(identityOf(request));
  if (account === null && !isAdmin) throw noAccount();
  return { userId: account?.userId ?? null, isAdmin, name: auditName(firebaseUid, isAdmin) };
}

/** A job of somebody else is as absent as one that never was: nobody learns of another's. */
export function maySee(viewer: Viewer, saga: SagaRecord): boolean {
  return viewer.isAdmin || saga.subject === viewer.userId;
}

export function auditName(firebaseUid: FirebaseUid, isAdmin: boolean): string {
  return `${isAdmin ? 'admin' : 'user'}:${firebaseUid}`;
}

function noAccount(): ProblemError {
  return new ProblemError('no-account', 'The token is valid, but its user has no account here.');
}
