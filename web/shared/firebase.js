// Signing in with Firebase's own SDK, loaded only where the server is set up for it, and only to sign in, to renew a
// session and to sign out. It keeps the signed-in user, in this browser, and makes a new token whenever one has ended.

import { firebaseProblem } from './firebase-problems.js';

/** @typedef {Extract<import('../../src/api/schemas/sessions.ts').SignIn, { kind: 'firebase' }>} Settings */
/** @typedef {Awaited<ReturnType<typeof openFirebase>>} Firebase */

/** Once a page: the SDK would not be opened twice. @param {Settings} settings */
export async function openFirebase({ emulator, kind: _, ...settings }) {
  const [{ initializeApp }, sdk] = await Promise.all([
    import('@firebase/app'),
    import('@firebase/auth'),
  ]);
  // Not `getAuth`: its part for pop-ups loads scripts and frames of other hosts.
  const auth = sdk.initializeAuth(initializeApp(settings), {
    persistence: [sdk.indexedDBLocalPersistence, sdk.browserLocalPersistence],
  });
  if (emulator !== null) sdk.connectAuthEmulator(auth, emulator, { disableWarnings: true });
  return {
    /**
     * @param {string} email @param {string} password
     * @returns a token
     * @throws {Error} with a sentence for people
     */
    signIn: async (email, password) => {
      try {
        const { user } = await sdk.signInWithEmailAndPassword(auth, email, password);
        return await user.getIdToken();
      } catch (error) {
        throw firebaseProblem(error);
      }
    },
    /** A token made now; null where no user is signed in. */
    freshToken: async () => {
      await auth.authStateReady();
      return (await auth.currentUser?.getIdToken(true)) ?? null;
    },
    signOut: () => sdk.signOut(auth),
  };
}
