// The queue board's sessions: a signed cookie that names an administrator for a short while. Nothing is
// stored, so any process of the same secret can read it; it ends with the token it was made from.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Identity } from '../domain/identity-verifier.ts';
import { type FirebaseUid, parseFirebaseUid } from '../domain/ids.ts';

/** Where Bull Board stands; its cookie is sent nowhere else. */
export const QUEUE_BOARD_PATH = '/admin/queues';

export interface BoardSessions {
  open(admin: Identity): BoardSession;
  /** The administrator a cookie names; null when it is not ours, changed, or over. */
  read(value: string | undefined): FirebaseUid | null;
}

interface BoardSession {
  readonly cookie: string;
  readonly value: string;
  readonly expiresAt: Date;
}

export const BOARD_COOKIE = 'reclaim_board';

/** Thirty minutes: a lost laptop is an open board for no longer. */
const MAX_AGE_MS = 30 * 60_000;
const MIN_SECRET_BYTES = 32;

export function createBoardSessions(deps: {
  readonly secret: string;
  readonly now: () => Date;
}): BoardSessions {
  if (Buffer.byteLength(deps.secret) < MIN_SECRET_BYTES) {
    throw new RangeError(`the session secret must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  const sign = (payload: string) =>
    createHmac('sha256', deps.secret).update(`board-session.${payload}`).digest();

  return {
    open: ({ firebaseUid, expiresAt }) => {
      const endsMs = Math.min(expiresAt.getTime(), deps.now().getTime() + MAX_AGE_MS);
      const payload = Buffer.from(JSON.stringify([firebaseUid, endsMs])).toString('base64url');
      const value = `${payload}.${sign(payload).toString('base64url')}`;
      return { cookie: BOARD_COOKIE, value, expiresAt: new Date(endsMs) };
    },
    read: (value) => {
      const [payload = '', signature = ''] = (value ?? '').split('.');
      const given = Buffer.from(signature, 'base64url');
      const expected = sign(payload);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const text = Buffer.from(payload, 'base64url').toString();
      const [uid, endsMs]: [unknown, number] = JSON.parse(text);
      return endsMs > deps.now().getTime() ? (parseFirebaseUid(uid) ?? null) : null;
    },
  };
}
