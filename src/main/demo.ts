// The embedded demo: the fixtures' users where the database is empty, their bots in the simulator, their
// pool state in the data folder. A second start finds them as they were left.

import { chmod, constants, copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Db } from 'mongodb';
import { type ExistingBots, seedWorld } from '../bots/simulator/seed-world.ts';
import { whyMoved } from '../pool-state/file/pool-file-moved.ts';
import type { PoolState } from '../pool-state/pool-state.ts';
import type { PoolStates } from '../pool-state/pool-states.ts';
import { parseUserDump, seedUsers } from '../wallet/mongodb/seed-users.ts';

/** `uid-bad`: numbers that are text or below zero. */
const ODD_USER = '000000000000000000000007';

/** Whether the demo itself brings this user as a violation of the schema. */
export function isOddOnPurpose(userId: string): boolean {
  return userId === ODD_USER;
}

const FIXTURES = new URL('../../fixtures/', import.meta.url);

/** Before the services start: the pool state must be there before an empty one would be made. */
export async function placeDemoPoolState(file: string): Promise<void> {
  if ((await whyMoved(file)) !== null) return;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    await copyFile(fixture('pool-state.json'), file, constants.COPYFILE_EXCL);
    // Regardless of the mode of the fixture.
    await chmod(file, 0o600);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** The same where the pool state is kept in MongoDB; after the services have begun, before the users are there. */
export async function fillDemoPoolState(poolStates: PoolStates): Promise<void> {
  const demo: PoolState = JSON.parse(await readFile(fixture('pool-state.json'), 'utf8'));
  const change = (state: PoolState) => (isEmpty(state) ? demo : state);
  const signal = AbortSignal.timeout(FILL_TIMEOUT_MS);
  await poolStates.mutate({ change, fence: async () => undefined, signal });
}

const FILL_TIMEOUT_MS = 30_000;

function isEmpty({ pools, botMapping }: PoolState): boolean {
  return Object.keys(pools).length + Object.keys(botMapping).length === 0;
}

/** @returns how many users were added: 0 on every start but the first. */
export async function seedDemo(db: Db): Promise<number> {
  const users = parseUserDump(await readFile(fixture('users.json'), 'utf8'));
  const added = await seedUsers(db, users);
  if (added > 0) {
    const existing: unknown = JSON.parse(await readFile(fixture('existing.json'), 'utf8'));
    await seedWorld(db, toExisting(existing));
  }
  return added;
}

function toExisting(value: unknown): ExistingBots {
  const { pooled, dedicated } = Object(value);
  return { pooled, dedicated };
}

function fixture(name: string): string {
  return fileURLToPath(new URL(name, FIXTURES));
}
