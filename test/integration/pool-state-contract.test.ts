import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import type { FilePoolStates } from '../../src/pool-state/file/file-pool-states.ts';
import { describePoolStates } from '../contracts/pool-states.ts';
import { createPoolFileFolder } from '../support/pool-file.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';

describePoolStates('pool states in the platform’s file', async (state) => {
  const folder = await createPoolFileFolder(state);
  const opened: FilePoolStates[] = [];
  const { file } = folder;
  const spoil = (change: (good: string) => string) => async () =>
    writeFile(file, change(JSON.stringify(samplePoolState(3), null, 2)));
  return {
    open: () => {
      const states = folder.open();
      opened.push(states);
      return states;
    },
    stored: folder.stored,
    overwrite: folder.overwrite,
    writes: () => opened.reduce((sum, states) => sum + states.counts().renames, 0),
    spoilers: {
      missing: () => rm(file),
      empty: () => truncate(file, 0),
      torn: spoil((good) => good.slice(0, good.length / 2)),
      zeroed: spoil((good) => '\0'.repeat(good.length)),
      'not UTF-8': () => writeFile(file, Buffer.from([0x7b, 0xff, 0x7d])),
      'a folder': async () => {
        await rm(file);
        await mkdir(file);
      },
      'another shape': () => writeFile(file, '[]'),
      'no pools': spoil((good) => good.replace('"pools"', '"ponds"')),
    },
    oddRows: {
      'bots not a list': spoil((good) => good.replace(/"bots": \[[^\]]*\]/, '"bots": {}')),
      'a bot not a string': spoil((good) => good.replace(/"bots": \[[^\]]*\]/, '"bots": [1]')),
      'a mapping that is null': spoil((good) =>
        good.replace(/"uid-0-bot-1": \{[^}]*\}/, '"uid-0-bot-1": null'),
      ),
      'a port that is text': spoil((good) => good.replace('"port": 9000', '"port": "9000"')),
    },
  };
});
