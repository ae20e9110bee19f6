// A user who signed in with Firebase stays signed in: their session, which ends with its token, is renewed by a fresh
// one. A user who has signed out on purpose, in any tab, is signed in only by the form.

import { call } from './api.js';
import { openFirebase } from './firebase.js';
import { drop, remember as keep, recall } from './memory.js';

/** @typedef {import('../../src/api/schemas/sessions.ts').SignIn} SignInWay */
/** @typedef {import('./firebase.js').Firebase} Firebase */

/** Longer, and a waiting user would rather see the form. */
const RENEW_WITHIN_MS = 10_000;
const SIGNED_OUT = 'reclaim:signed-out';

/** @type {Promise<SignInWay> | null} */
let way = null;
/** @type {Promise<Firebase | null> | null} */
let firebase = null;

/** How the server signs people in; fetched once. */
export function findWay() {
  way ??= call('GET', '/sign-in').catch((error) => {
    way = null;
    throw error;
  });
  return way;
}

/** The SDK; null where this server does without. */
export function findFirebase() {
  firebase ??= findWay()
    .then((found) => (found.kind === 'firebase' ? openFirebase(found) : null))
    .catch((error) => {
      firebase = null;
      throw error;
    });
  return firebase;
}

/** A fresh token of the user whom the SDK knows; null where there is none, or none in time. */
export async function freshToken() {
  if (hasSignedOut()) return null;
  const { promise, resolve } = Promise.withResolvers();
  const timer = setTimeout(() => resolve(null), RENEW_WITHIN_MS);
  try {
    const asked = findFirebase().then((found) => found?.freshToken() ?? null);
    const token = /** @type {string | null} */ (await Promise.race([asked, promise]));
    return hasSignedOut() ? null : token;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Before the session is given up: a sign-in from here on is a user's own action. */
export async function forget() {
  keep(SIGNED_OUT, 'yes');
  await (await findFirebase())?.signOut();
}

/** A user has signed in by the form, or could not be signed out. */
export function remember() {
  drop(SIGNED_OUT);
}

function hasSignedOut() {
  return recall(SIGNED_OUT) !== null;
}
