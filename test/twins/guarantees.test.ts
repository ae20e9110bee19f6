// docs/guarantees.md says nothing that is not so: every file and test that it names is there, every invariant has a
// twin, a test of every guarantee is in the short run, and the page is the one that its lists
// make. That each twin has run and was caught is told by the tests that play them.

import { readFile } from 'node:fs/promises';
import { matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECTS } from '../../vitest.config.ts';
import { MEASURED, type Measurement } from './measured.ts';
import { PAGE, renderGuarantees } from './render-guarantees.ts';
import { isShort, reachedBy, readTestFiles } from './short-run.ts';
import { guardsOf, INVARIANTS, type TestName } from './twin-facts.ts';
import { TWINS } from './twins.ts';

const contentOf = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8');

/** What is wrong with a test that the page names; null: it is there, and it runs. */
async function problemOf({ file, title }: TestName): Promise<string | null> {
  const content = await contentOf(file).catch(() => null);
  if (content === null) return `${file} is not there`;
  const problem = problemIn(content, title);
  return problem === null ? null : `${file}: ${problem}`;
}

function problemIn(content: string, title: string): string | null {
  const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``].find((text) =>
    content.includes(text),
  );
  if (quoted === undefined) return `no test "${title}"`;
  const before = content.slice(0, content.indexOf(quoted)).trimEnd();
  return /\.(?:skip|todo|fails)\($/.test(before) ? `"${title}" is not run` : null;
}

describe('what the page names', () => {
  it('every test that guards a mechanism: there, under its title, and not skipped', async () => {
    const problems = await Promise.all(TWINS.flatMap(guardsOf).map(problemOf));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  it('a file or a test that is not there, one that is skipped: noticed', async () => {
    expect(await problemOf({ file: 'test/no.test.ts', title: 'a' })).toMatch(/is not there/);
    expect(problemIn("it('a', run)", 'a')).toBeNull();
    expect(problemIn("it('a', run)", 'b')).toMatch(/no test/);
    expect(problemIn("it.skip(\n  'a', run)", 'a')).toMatch(/is not run/);
  });

  it('every source file of a mechanism: there', async () => {
    for (const { file } of TWINS) expect(await contentOf(file)).not.toBe('');
  });

  it('every invariant: at least one twin', () => {
    const invariants = new Set(TWINS.map(({ invariant }) => invariant));
    expect([...invariants]).toEqual(Object.keys(INVARIANTS));
  });

  it('names and bugs: each of them once', () => {
    for (const key of ['name', 'bug'] as const) {
      const all = TWINS.map((twin) => twin[key]);
      expect(new Set(all).size, key).toBe(all.length);
    }
  });
});

describe('the short run', () => {
  it('every guarantee: at least one of its tests is in `npm test`', async () => {
    const reached = reachedBy(await readTestFiles());
    const missing = TWINS.filter(
      ({ guardedBy }) => !Object.keys(guardedBy).some((file) => reached.has(file)),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('a suite that only a full test calls: not in it; one that a short test calls through another: in it', () => {
    const files = [
      { file: 'test/a.test.ts', imports: ['test/contracts/all.ts'] },
      { file: 'test/b.full.test.ts', imports: ['test/contracts/long.ts'] },
      { file: 'test/contracts/all.ts', imports: ['test/contracts/part.ts'] },
      { file: 'test/contracts/part.ts', imports: [] },
      { file: 'test/contracts/long.ts', imports: [] },
    ];
    const reached = ['test/a.test.ts', 'test/contracts/all.ts', 'test/contracts/part.ts'];
    expect([...reachedBy(files)]).toEqual(reached);
  });

  it('`npm test` leaves out the project of full tests alone; `npm run test:full` nothing', async () => {
    const { scripts } = JSON.parse(await contentOf('package.json'));
    expect(scripts.test).toMatch(/exec vitest run --project '!full'$/);
    expect(scripts['test:full']).toBe('exec vitest run');
  });

  it('every test file: in one project, and in that of full tests where it is named so', async () => {
    const files = (await readTestFiles()).map(({ file }) => file);
    const tests = files.filter((file) => file.endsWith('.test.ts'));
    const projectsOf = (file: string) =>
      PROJECTS.flatMap(({ test: { name, include, exclude } }) => {
        const isIn = (globs: readonly string[]) => globs.some((glob) => matchesGlob(file, glob));
        return isIn(include) && !isIn(exclude) ? [name === 'full' ? 'full' : 'short'] : [];
      });
    const expected = tests.map((file) => [file, [isShort(file) ? 'short' : 'full']]);
    expect(tests.map((file) => [file, projectsOf(file)])).toEqual(expected);
  });
});

describe('the page', () => {
  it('up to date with its lists; else `npm run guarantees` writes it', async () => {
    expect(await contentOf(PAGE)).toBe(renderGuarantees(TWINS, MEASURED));
  });

  it('figures that were measured: a column each, with the command that gives them again', () => {
    const states: Measurement = {
      figure: 'states explored',
      invariants: ['I6'],
      value: '12',
      command: 'npx vitest run x',
    };
    const page = renderGuarantees([], [states, { ...states, figure: 'soak', invariants: ['I2'] }]);
    expect(page).toContain('| invariant | states explored | soak |');
    expect(page).toContain('| **I2** Money once |  | 12 |');
    expect(page).toContain('- states explored, 12: `npx vitest run x`');
    expect(renderGuarantees([], [])).not.toContain('Measured');
  });
});
