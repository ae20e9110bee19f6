// The state file is the platform's own: file and folder 1000:1000, 664 and 775, and this program runs as another user of
// that group. Its job ends, and the platform goes on writing.

import { chmodSync, chownSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { probePoolFile } from '../../src/pool-state/file/probe-pool-file.ts';
import { startTestApplication } from '../support/application.ts';
import { deleteBot, readPoolState } from '../support/deletions.ts';
import { become, isRoot } from '../support/other-user.ts';
import { createPlatform } from './stand-in/platform.ts';

const PLATFORM = 1_000;
const ME = 1_001;

it.runIf(isRoot)(
  'whose group may write it: replaced, group and mode kept, nothing to say at the start, and the platform writes on',
  async () => {
    const app = await startTestApplication({ env: { POOL_STATE: 'file' } });
    const platform = createPlatform(app);
    const bot = await platform.place();
    const folder = dirname(app.poolStateFile);
    for (const path of [folder, app.poolStateFile]) chownSync(path, PLATFORM, PLATFORM);
    chmodSync(folder, 0o775);
    chmodSync(app.poolStateFile, 0o664);

    become(ME, PLATFORM);
    expect(await probePoolFile(app.poolStateFile)).toBeNull();
    const { body } = await deleteBot(app, bot);
    expect(body).toMatchObject({ success: true, wallet: { returned: 110 } });
    expect(body.warnings).toBeUndefined();
    const { uid, gid, mode } = await stat(app.poolStateFile);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: ME, gid: PLATFORM, mode: 0o664 });

    become(PLATFORM, PLATFORM);
    await platform.restart();
    await platform.provision(bot.uid, `${bot.uid}-bot-7`, 20);
    expect(Object.keys((await readPoolState(app)).botMapping)).toEqual([`${bot.uid}-bot-7`]);
  },
);
