// How people sign in here: what verifies their tokens, what the pages learn of it, and, in the embedded demo,
// one click for each of its users.

import type { Db } from 'mongodb';
import type { DemoSessions, FirebaseWeb } from '../../api/dependencies.ts';
import { parseFirebaseUid } from '../../domain/ids.ts';
import type { IdentityVerifier } from '../../infra/identities/identity-verifier.ts';
import {
  createLocalTokenIssuer,
  createLocalVerifier,
  type LocalTokenIssuer,
} from '../../infra/identities/local-tokens.ts';
import { withPlatformTokens } from '../../infra/identities/platform-tokens.ts';
import { loadSigningKey } from '../../infra/identities/signing-key.ts';
import type { Config } from '../config.ts';

export interface SigningIn {
  readonly verifier: IdentityVerifier;
  readonly demo: DemoSessions | null;
  readonly firebaseWeb: FirebaseWeb | null;
  readonly close: () => Promise<void>;
}

export async function createSigningIn(config: Config, db: Db): Promise<SigningIn> {
  if (config.auth === 'firebase') {
    // Its packages weigh more than the rest of signing in: loaded where they are used.
    const { createFirebaseVerifier } = await import(
      '../../infra/identities/firebase/firebase-verifier.ts'
    );
    const firebase = createFirebaseVerifier({
      projectId: config.firebaseProjectId ?? '',
      allowEmulator: config.firebaseAuthEmulatorHost !== undefined,
      checkRevoked: config.firebaseCheckRevoked,
    });
    const secret = config.platformJwtSecret;
    const verifier =
      secret === undefined
        ? firebase
        : withPlatformTokens({ secret, now: () => new Date(), others: firebase });
    const firebaseWeb = firebaseWebOf(config);
    return { verifier, demo: null, firebaseWeb, close: () => firebase.close() };
  }
  const key = await loadSigningKey(config.dataDir);
  const now = () => new Date();
  // A proxy in front makes a loopback address of the whole world.
  const isOpenDemo = config.isDemo && config.isLoopback && config.trustProxy === false;
  return {
    verifier: createLocalVerifier({ key, now }),
    demo: isOpenDemo ? createDemoSessions(db, createLocalTokenIssuer({ key, now })) : null,
    firebaseWeb: null,
    close: async () => undefined,
  };
}

/** More than the fixtures have. */
const MAX_DEMO_USERS = 50;

function createDemoSessions(db: Db, issuer: LocalTokenIssuer): DemoSessions {
  const users = async () => {
    const found = await db
      .collection('users')
      .find(
        {},
        { projection: { firebaseUid: 1, role: 1 }, sort: { _id: 1 }, limit: MAX_DEMO_USERS },
      )
      .toArray();
    return found.flatMap(({ firebaseUid, role }) => {
      const user = parseFirebaseUid(firebaseUid);
      return user === undefined ? [] : [{ user, isAdmin: role === 'admin' }];
    });
  };
  return {
    users,
    signIn: async (firebaseUid) => {
      const found = (await users()).find(({ user }) => user === firebaseUid);
      return found === undefined ? null : issuer.issue({ firebaseUid, isAdmin: found.isAdmin });
    },
  };
}

function firebaseWebOf(config: Config): FirebaseWeb | null {
  const { firebaseProjectId: projectId, firebaseWebApiKey: apiKey } = config;
  if (projectId === undefined || apiKey === undefined) return null;
  const { firebaseAuthEmulatorHost: host } = config;
  return {
    apiKey,
    projectId,
    emulator: host === undefined ? null : `http://${host}`,
  };
}
