// Signing in with Firebase's own SDK, loaded only where the server is set up for it. Its tokens end after an hour;
// the SDK makes new ones, and each is handed on, so that a session goes on while somebody is signed in. It remembers
// who that is by itself: who signs out has to leave there too, or the next look at the form signs them in again.

/** @typedef {Extract<import('../../src/api/schemas/sessions.ts').SignIn, { kind: 'firebase' }>} Settings */

/** Of this page. */
const opened = {
  /** Ends the SDK's own session. @type {() => Promise<void>} */
  leave: async () => undefined,
  /** Tokens are handed on to one form at a time. */
  stopListening: () => {},
};

/** Signs out where this page has signed in; elsewhere `hasLeft` does. */
export function leaveFirebase() {
  return opened.leave();
}

/**
 * @param {Settings} settings
 * @param {{
 *   onToken: (token: string) => Promise<void>,
 *   onProblem: (error: unknown) => void,
 *   hasLeft: boolean,
 * }} options hasLeft: whoever the SDK still remembers has signed out
 */
export async function openFirebase({ emulator, ...settings }, { onToken, onProblem, hasLeft }) {
  const [{ initializeApp }, sdk] = await Promise.all([
    import('@firebase/app'),
    import('@firebase/auth'),
  ]);
  const auth = sdk.getAuth(initializeApp(settings));
  if (emulator !== null && auth.emulatorConfig === null) {
    sdk.connectAuthEmulator(auth, emulator, { disableWarnings: true });
  }
  opened.stopListening();
  opened.leave = () => sdk.signOut(auth);
  if (hasLeft) await opened.leave();
  opened.stopListening = sdk.onIdTokenChanged(auth, (user) => {
    if (user !== null) user.getIdToken().then(onToken).catch(onProblem);
  });
  return {
    /** @param {string} email @param {string} password */
    signIn: async (email, password) => {
      await sdk.signInWithEmailAndPassword(auth, email, password);
    },
  };
}
