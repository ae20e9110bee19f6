// A state file in a place that does not let everybody replace it: owned by another user, or mounted by itself.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probePoolFile } from '../../src/pool-state/file/probe-pool-file.ts';
import { NO_POOLS } from '../fakes/pool-states.ts';
import { startTestApplication } from '../support/application.ts';
import { deleteBot, placeBot, standingTombstones } from '../support/deletions.ts';
import { createTestFolder } from '../support/folder.ts';
import { become, isRoot } from '../support/other-user.ts';
import { createPoolFileFolder } from '../support/pool-file.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

const OWNER = 1_000;
const ME = 1_001;

async function ownedFile(mode: number) {
  const folder = await createPoolFileFolder(samplePoolState(3));
  const path = join(folder.file, '..');
  chownSync(path, OWNER, OWNER);
  chmodSync(path, 0o777);
  chownSync(folder.file, OWNER, OWNER);
  chmodSync(folder.file, mode);
  return folder;
}

const raise = (folder: Awaited<ReturnType<typeof ownedFile>>) => {
  const states = folder.open();
  return states.mutate({
    change: (state) => ({ ...state, nextPoolId: 77 }),
    fence: async () => undefined,
    signal: AbortSignal.timeout(10_000),
  });
};

describe.runIf(isRoot)('as another user than the file’s', () => {
  it('who would shut its owner out: refused, the file as it was, and said at the start', async () => {
    const folder = await ownedFile(0o664);
    const before = await readFile(folder.file);
    become(ME, ME);
    expect(await probePoolFile(folder.file)).toMatch(/may not give a file to 1000:1000/);
    await expect(raise(folder)).rejects.toMatchObject({ code: 'POOL_STATE_OWNER_LOST' });
    const { uid, gid, mode } = await stat(folder.file);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: OWNER, gid: OWNER, mode: 0o664 });
    expect(await readFile(folder.file)).toEqual(before);
    expect((await folder.names()).filter((name) => /tmp-|probe-/.test(name))).toEqual([]);
  });

  it('as root: owner, group and mode are kept', async () => {
    const folder = await ownedFile(0o640);
    await raise(folder);
    const { uid, gid, mode } = await stat(folder.file);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: OWNER, gid: OWNER, mode: 0o640 });
  });
});

/** Of the system; no dependency of the project's. */
const TOOLS = { mount: 'mount', unmount: 'umount' } as const;

/** Mounts a file over another one. False where nobody may. */
function mountOver(source: string, target: string): boolean {
  try {
    execFileSync(TOOLS.mount, ['--bind', source, target], { stdio: 'ignore' });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync(TOOLS.unmount, ['-l', target]));
  return true;
}

it.runIf(isRoot)(
  'mounted by itself: a DELETE pays and ends with a warning; its tombstone keeps the entry; said at the start',
  async ({ skip }) => {
    const app = await startTestApplication({
      env: { POOL_STATE: 'file', STOP_TIMEOUT_MS: '1000' },
      poolState: NO_POOLS,
    });
    const bot = await placeBot(app, 'pooled');
    const source = join(await createTestFolder(), 'state.json');
    await writeFile(source, await readFile(app.poolStateFile));
    if (!mountOver(source, app.poolStateFile)) return skip('mounting is not permitted');
    expect(await probePoolFile(app.poolStateFile)).toMatch(/mounted by itself/);
    const { body } = await deleteBot(app, bot);
    expect(body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(body.warnings.length).toBeGreaterThan(0);
    expect((await standingTombstones(app))[0]).toMatchObject({ status: 'settled' });
  },
);
