// The closing line decides what a machine believes of a run, so it is tried on runs that go wrong.

import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createTestFolder } from '../support/folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The last line and the exit code of a run over these files. */
async function run(files: Readonly<Record<string, string>>, config = '') {
  const folder = await createTestFolder();
  await symlink(`${ROOT}node_modules`, `${folder}/node_modules`);
  await writeFile(
    `${folder}/vitest.config.mjs`,
    `import { createClosingLine } from '${ROOT}test/support/closing-line.ts';
     export default { test: { reporters: ['default', createClosingLine()], ${config} } };`,
  );
  for (const [name, text] of Object.entries(files)) {
    await writeFile(
      `${folder}/${name}`,
      `import { beforeAll, describe, it } from 'vitest';\n${text}`,
    );
  }
  const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;
  return new Promise<{ code: number | null; last: readonly string[] }>((resolve) => {
    const child = execFile(
      process.execPath,
      [vitest, 'run'],
      { cwd: folder, timeout: 30_000 },
      (_, stdout) =>
        resolve({ code: child.exitCode, last: stdout.trimEnd().split('\n').slice(-2) }),
    );
  });
}

const FAIL = "() => { throw new Error('no') }";

it('tests that pass, fail and are skipped: each is counted once', async () => {
  const { code, last } = await run({
    'a.test.js': `it('a', () => {}); it('b', ${FAIL}); it.skip('c', () => {}); it.todo('d');`,
  });
  expect(last.at(-1)).toBe('1 passed, 1 failed, 2 skipped');
  expect(code).toBe(1);
});

it('only passing tests: nothing else is counted', async () => {
  const { code, last } = await run({ 'a.test.js': "it('a', () => {}); it('b', () => {});" });
  expect(last.at(-1)).toBe('2 passed, 0 failed, 0 skipped');
  expect(code).toBe(0);
});

it('a file that does not load, beside a good one: a failure', async () => {
  const { code, last } = await run({
    'a.test.js': "it('a', () => {});",
    'b.test.js': "import './missing.js'; it('b', () => {});",
  });
  expect(last.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
  expect(code).toBe(1);
});

it('a hook that fails: a failure, though its tests only count as skipped', async () => {
  const { last } = await run({ 'a.test.js': `beforeAll(${FAIL}); it('a', () => {});` });
  expect(last.at(-1)).toMatch(/^0 passed, [1-9]\d* failed, \d+ skipped$/);
});

it('an error outside every test: a failure', async () => {
  const { last } = await run({
    'a.test.js': `it('a', async () => { Promise.reject(new Error('lost')); await new Promise(setImmediate); });`,
  });
  expect(last.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
});

it('a set-up that fails, or no test at all: a failure', async () => {
  const broken = {
    'setup.mjs': `export const setup = ${FAIL};`,
    'a.test.js': "it('a', () => {});",
  };
  const { last } = await run(broken, "globalSetup: ['./setup.mjs']");
  expect(last.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
  expect((await run({})).last.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
});

it('Docker tests without Docker: the summary says how many and why', async () => {
  const { last } = await run({
    'a.test.js': `describe.skip('x [needs Docker: no socket]', () => { it('a', () => {}); it('b', () => {}); });`,
  });
  expect(last).toEqual(['2 Docker tests were skipped: no socket', '0 passed, 0 failed, 2 skipped']);
});

it('what a test went through: a line of its own before the closing line', async () => {
  const { last } = await run({
    'a.test.js': `it('a', ({ task }) => {
      task.meta.wentThrough = 'seeds: 9';
    });`,
  });
  expect(last).toEqual(['seeds: 9', '1 passed, 0 failed, 0 skipped']);
});
