import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { readTarFiles } from '../../src/bots/docker/read-tar.ts';
import { tarOfFile } from '../../src/bots/docker/tar-file.ts';

it.each([0, 1, 511, 512, 513, 5_000])(
  'a file of %i bytes: read by tar and by our own reader',
  (size) => {
    const content = 'x'.repeat(size);
    const archive = tarOfFile('.reclaim-new', content);
    expect(readTarFiles(archive)).toEqual([{ path: '.reclaim-new', text: content }]);
    expect(execFileSync('tar', ['-xOf', '-', '.reclaim-new'], { input: archive }).toString()).toBe(
      content,
    );
  },
);

it('a name that is a path, or too long for the header: refused', () => {
  expect(() => tarOfFile('a/b', '')).toThrow(RangeError);
  expect(() => tarOfFile('a'.repeat(101), '')).toThrow(RangeError);
});
