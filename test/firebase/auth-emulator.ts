// Firebase's emulator of Auth as a process of ours, and what a client and an administrator of a project do there
// over its REST API.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwnedProcess } from '../../src/infra/embedded/owned-process.ts';
import { anyFreePort, isListening } from '../../src/infra/embedded/ports.ts';
import { waitFor } from '../support/wait-for.ts';

export const PROJECT = 'demo-reclaim';

export interface AuthEmulator {
  /** For FIREBASE_AUTH_EMULATOR_HOST. */
  readonly host: string;
  /** A new account, as a person makes one. */
  signUp(email: string): Promise<SignedIn>;
  signIn(email: string): Promise<SignedIn>;
  /** An account under an id that is given, as a platform imports one. */
  create(uid: string, email: string): Promise<void>;
  update(uid: string, changes: AccountChanges): Promise<void>;
  remove(uid: string): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export interface SignedIn {
  readonly uid: string;
  readonly token: string;
}

export interface AccountChanges {
  readonly customAttributes?: string;
  readonly disableUser?: boolean;
  /** Seconds; sessions that began before are revoked. */
  readonly validSince?: string;
}

/** Of every account here. */
export const PASSWORD = 'as long as it needs to be';
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

export async function startAuthEmulator(firebaseCommand: string): Promise<AuthEmulator> {
  const folder = await mkdtemp(join(tmpdir(), 'reclaim-firebase-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const port = await anyFreePort();
    await writeFile(join(folder, 'firebase.json'), await settings(port));
    const logFile = join(folder, 'emulator.log');
    const emulator = await startOwnedProcess({
      // It writes logs where it stands, and settings into the home of whoever runs it.
      command: 'sh',
      args: [
        ...['-c', 'cd "$0" && exec env "$@"', folder],
        ...[`HOME=${folder}`, `XDG_CONFIG_HOME=${folder}`, 'CI=1'],
        ...[process.execPath, firebaseCommand, 'emulators:start'],
        ...['--only', 'auth', '--project', PROJECT],
      ],
      logFile,
      stopTimeoutMs: STOP_WITHIN_MS,
    });
    const stop = () => emulator.stop().finally(removeFolder);
    let ended: string | undefined;
    void emulator.exited.then((how) => {
      ended = how;
    });
    try {
      await waitFor(
        'the emulator',
        () => ended !== undefined || isListening(port),
        START_WITHIN_MS,
      );
      if (ended !== undefined) throw new Error(`it ended with ${ended}`);
    } catch (error) {
      const said = await readFile(logFile, 'utf8').catch(() => '');
      await stop();
      throw new Error(`the emulator did not start: ${error}\n${said}`, { cause: error });
    }
    return { host: `127.0.0.1:${port}`, ...accountsOf(`http://127.0.0.1:${port}`), stop };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

async function settings(port: number): Promise<string> {
  const at = (ownPort: number) => ({ host: '127.0.0.1', port: ownPort });
  const [hub, logging] = [at(await anyFreePort()), at(await anyFreePort())];
  const emulators = { auth: at(port), hub, logging, ui: { enabled: false } };
  return JSON.stringify({ emulators });
}

function accountsOf(url: string): Omit<AuthEmulator, 'host' | 'stop'> {
  const base = `${url}/identitytoolkit.googleapis.com/v1`;
  const admin = `${base}/projects/${PROJECT}/accounts`;
  const asClient = async (verb: string, email: string) => {
    const body = { email, password: PASSWORD, returnSecureToken: true };
    const { localId, idToken } = await post(`${base}/accounts:${verb}?key=any`, body);
    return { uid: String(localId), token: String(idToken) };
  };
  return {
    signUp: (email) => asClient('signUp', email),
    signIn: (email) => asClient('signInWithPassword', email),
    create: async (localId, email) => {
      await post(admin, { localId, email, password: PASSWORD }, 'owner');
    },
    update: async (localId, changes) => {
      await post(`${admin}:update`, { localId, ...changes }, 'owner');
    },
    remove: async (localId) => {
      await post(`${admin}:delete`, { localId }, 'owner');
    },
  };
}

async function post(
  url: string,
  body: unknown,
  owner?: 'owner',
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(owner !== undefined && { authorization: `Bearer ${owner}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the emulator answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
