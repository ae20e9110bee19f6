// Signing in with Firebase's own SDK, loaded only where the server is set up for it. Its tokens end after an hour;
// the SDK makes new ones, and each is handed on, so that a session goes on while somebody is signed in.

/** @typedef {Extract<import('../../src/api/schemas/sessions.ts').SignIn, { kind: 'firebase' }>} Settings */

/**
 * @param {Settings} settings
 * @param {(token: string) => Promise<void>} onToken
 */
export async function openFirebase({ emulator, ...settings }, onToken) {
  const [{ initializeApp }, sdk] = await Promise.all([
    import('@firebase/app'),
    import('@firebase/auth'),
  ]);
  const auth = sdk.getAuth(initializeApp(settings));
  if (emulator !== null) sdk.connectAuthEmulator(auth, emulator, { disableWarnings: true });
  sdk.onIdTokenChanged(auth, async (user) => {
    if (user !== null) await onToken(await user.getIdToken());
  });
  return {
    /** @param {string} email @param {string} password */
    signIn: async (email, password) => {
      await sdk.signInWithEmailAndPassword(auth, email, password);
    },
    signOut: () => sdk.signOut(auth),
  };
}
