// What Firebase refuses, in sentences. The texts do not distinguish the e-mail from the password: no attacker learns
// here which accounts exist.

const WRONG = 'The e-mail or the password is wrong.';
const AWAY = 'Firebase, which signs people in here, does not answer.';

/** By the codes of the SDK, without their prefix. @type {Record<string, string>} */
const SENTENCES = {
  'invalid-credential': WRONG,
  'invalid-login-credentials': WRONG,
  'wrong-password': WRONG,
  'user-not-found': WRONG,
  'invalid-email': 'This is no e-mail address.',
  'missing-password': 'The password is missing.',
  'user-disabled': 'This account has been disabled.',
  'too-many-requests': 'Too many attempts. Wait a few minutes, then try again.',
  'network-request-failed': AWAY,
  timeout: AWAY,
  'operation-not-allowed': 'Signing in with a password is switched off here.',
  'multi-factor-auth-required':
    'This account needs a second factor, which this page does not support.',
  'invalid-api-key': 'This server has a wrong web key of Firebase, so sign-in is impossible.',
  'api-key-not-valid.-please-pass-a-valid-api-key.':
    'This server has a wrong web key of Firebase, so sign-in is impossible.',
};

/** @param {unknown} error of the SDK */
export function firebaseProblem(error) {
  const code = String(Reflect.get(Object(error), 'code') ?? '').replace('auth/', '');
  const known = Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : undefined;
  const reason = code === '' ? '' : ` (${code})`;
  return new Error(known ?? `You could not be signed in${reason}.`, { cause: error });
}
