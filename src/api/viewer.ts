// The caller of a request, after the token: its identity and the account behind it. The account is
// read after validation, so that a malformed request costs no database read.

import type { Caller, Role } from '@reclaim/saga/fastify';
import type { FastifyRequest } from 'fastify';
import type { FirebaseUid, UserId } from '../domain/ids.ts';
import type { Identity } from '../infra/identities/identity-verifier.ts';
import type { AccountQuery } from '../wallet/mongodb/accounts.ts';
import type { Accounts } from './dependencies.ts';
import { API_PREFIX } from './job-view.ts';
import { ProblemError } from './problem.ts';

/** The user whose own bots, money and jobs these are. */
export interface Owner {
  readonly userId: UserId;
  readonly firebaseUid: FirebaseUid;
  /** For the audit trail. */
  readonly name: string;
}

/** A caller of the engine's routes. */
export interface ApiCaller extends Caller {
  readonly isAdmin: boolean;
  /** Null: a token, which cannot be signed out. */
  readonly sessionId: string | null;
  readonly expiresAt: Date;
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

/** For the routes of administrators, before anything of a request is read: a caller who may not ask learns nothing of what they
 * take. Each of them asks `adminOf` all the same.
 * @throws ProblemError `admin-only` */
export async function adminsFirst(request: FastifyRequest): Promise<void> {
  if (request.routeOptions.url?.startsWith(`${API_PREFIX}/admin/`)) adminOf(request);
}

/** The platform's own tokens name a user by `_id`. */
export function whoIs({ userId, firebaseUid }: Identity): AccountQuery {
  return userId === undefined ? { firebaseUid } : { userId };
}

/** @throws ProblemError `no-account` when the token's user has no document on the platform. */
export async function ownerOf(request: FastifyRequest, accounts: Accounts): Promise<Owner> {
  const { firebaseUid, isAdmin } = identityOf(request);
  const account = await accounts.find(whoIs(identityOf(request)));
  if (account === null) throw noAccount();
  return {
    userId: account.userId,
    firebaseUid: account.firebaseUid ?? firebaseUid,
    name: auditName(firebaseUid, isAdmin),
  };
}

/** An administrator need not have an account.
 * @throws ProblemError `no-account`, and `admin-only` for what operators alone may do. */
export function callerOf(accounts: Accounts) {
  return async (request: FastifyRequest, role: Role): Promise<ApiCaller> => {
    const identity = role === 'operator' ? adminOf(request) : identityOf(request);
    const { firebaseUid, isAdmin, expiresAt, sessionId = null } = identity;
    const account = role === 'operator' ? null : await accounts.find(whoIs(identity));
    if (account === null && !isAdmin) throw noAccount();
    return {
      ...{ name: auditName(firebaseUid, isAdmin), subject: account?.userId ?? null },
      ...{ isAdmin, isOperator: isAdmin, sessionId, expiresAt },
    };
  };
}

export function auditName(firebaseUid: FirebaseUid, isAdmin: boolean): string {
  return `${isAdmin ? 'admin' : 'user'}:${firebaseUid}`;
}

function noAccount(): ProblemError {
  return new ProblemError('no-account', 'The token is valid, but its user has no account here.');
}
