import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readTarFiles, tarOfFile } from '../../src/bots/docker/tar.ts';

it.each([0, 1, 511, 512, 513, 5_000])(
  'a file of %i bytes: read by tar and by our own reader',
  async (size) => {
    const content = 'x'.repeat(size);
    const archive = await tarOfFile('.reclaim-new', content);
    expect(await readTarFiles(archive)).toEqual([{ path: '.reclaim-new', text: content }]);
    expect(execFileSync('tar', ['-xOf', '-', '.reclaim-new'], { input: archive }).toString()).toBe(
      content,
    );
  },
);
