// The pure part of the kill matrix: what follows from its results, and that every bug can still be put in.

import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, it } from 'vitest';
import { importsIn, reachOf } from '../matrix/import-graph.ts';
import { layerOf } from '../matrix/layers.ts';
import { MUTATIONS, mutate, UNMUTATED } from '../matrix/mutations.ts';
import { renderMatrix } from '../matrix/render-matrix.ts';
import { isRun, type MatrixRun, parseRuns, toMatrix } from '../matrix/results.ts';
import { TWINS } from '../twins/twins.ts';

const run = (mutation: string, over: Partial<MatrixRun> = {}): MatrixRun => ({
  ...{ mutation, layer: 'unit', commit: 'abc', passed: [], failed: {}, unfinished: [] },
  ...over,
});

describe('the results', () => {
  const [a, b, c] = ['test/unit/a.test.ts', 'test/unit/b.test.ts', 'test/unit/c.test.ts'] as const;

  it('a bug that one file kills, and one that two kill: the first is killed alone', () => {
    const { mutations, files } = toMatrix([
      run('none', { passed: [a, b, c] }),
      run('alone', { passed: [b], failed: { [a]: ['x'] } }),
      run('shared', { failed: { [a]: ['x', 'y'], [b]: ['z'] } }),
      run('survivor', { passed: [b] }),
    ]);
    expect(mutations.map(({ name, killedBy, ran }) => [name, killedBy, ran])).toEqual([
      ['alone', [a], 2],
      ['shared', [a, b], 2],
      ['survivor', [], 1],
    ]);
    expect(files).toEqual([
      { file: a, met: 2, kills: ['alone', 'shared'], killsAlone: ['alone'] },
      { file: b, met: 3, kills: ['shared'], killsAlone: [] },
      { file: c, met: 0, kills: [], killsAlone: [] },
    ]);
  });

  it('a file of another layer kills it too: it is not killed alone', () => {
    const { files } = toMatrix([
      run('bug', { failed: { [a]: ['x'] } }),
      run('bug', { layer: 'contracts', failed: { [b]: ['x'] } }),
    ]);
    expect(files.map(({ killsAlone }) => killsAlone)).toEqual([[], []]);
  });

  it('a file that fails without a bug: its word counts for nothing', () => {
    const { mutations, files, failAnyway } = toMatrix([
      run('none', { passed: [b], failed: { [a]: ['x'] } }),
      run('bug', { passed: [b], failed: { [a]: ['x'] } }),
    ]);
    expect(failAnyway).toEqual([a]);
    expect(mutations[0]?.killedBy).toEqual([]);
    expect(files.map(({ file }) => file)).toEqual([b]);
  });

  it('run again: the newest counts', () => {
    const [bug] = toMatrix([
      run('bug', { failed: { [a]: ['x'] } }),
      run('bug', { passed: [a] }),
    ]).mutations;
    expect(bug?.killedBy).toEqual([]);
  });

  it('a last line that is cut off: not run, and the others are', () => {
    const lines = `${JSON.stringify(run('one'))}\n{"mutation":"two"`;
    const runs = parseRuns(lines);
    expect(runs).toEqual([run('one')]);
    expect(isRun(runs, { mutation: 'one', layer: 'unit' })).toBe(true);
    expect(isRun(runs, { mutation: 'one', layer: 'e2e' })).toBe(false);
    expect(parseRuns('')).toEqual([]);
  });
});

describe('the page', () => {
  it('says what was not run, and names each file where it belongs', () => {
    const matrix = toMatrix([
      run('none', {
        passed: ['test/unit/a.test.ts', 'test/unit/b.test.ts', 'test/unit/c.test.ts'],
      }),
      run('bug', { passed: ['test/unit/b.test.ts'], failed: { 'test/unit/a.test.ts': ['x'] } }),
      run('bug', { layer: 'e2e', passed: ['test/e2e/d.test.ts'] }),
      run('slow', { unfinished: ['test/unit/b.test.ts'] }),
    ]);
    const page = renderMatrix(matrix, {
      mutations: ['bug', 'slow', 'left-out'],
      unmutated: [{ name: 'odd', why: 'it is odd' }],
    });
    const sections = new Map(page.split('\n## ').map((text) => [text.split('\n')[0], text]));
    expect(sections.get('What was run')).toMatch(
      /Layers: unit, e2e\. \*\*Not run\*\*: contracts, /,
    );
    expect(sections.get('What was run')).toContain('2 of 3. **Not run**: left-out.');
    expect(sections.get('What was run')).toContain('Only against unit, so far: slow.');
    expect(sections.get('What was run')).toContain('`slow`: no word in time of [b.test.ts]');
    expect(sections.get('What was run')).toContain('`odd` is a twin alone: it is odd.');
    expect(sections.get('Bugs')).toContain(
      '| `bug` | 3 | 1: [a.test.ts](../test/unit/a.test.ts) |',
    );
    expect(sections.get('Bugs')).toContain('| `slow` | 0 | **nothing here** |');
    expect(sections.get('Files that kill something alone')).toContain('a.test.ts');
    expect(sections.get('Files that kill nothing alone')).toContain('b.test.ts');
    expect(sections.get('Files that met none of the bugs they were run against')).toContain(
      'c.test.ts',
    );
  });
});

describe('which tests can meet a bug', () => {
  const exported = { '@reclaim/saga': 'packages/saga/src/index.ts' };

  it('imports of any form, a process that is started, the engine by its name; no types', () => {
    const text = [
      "import { a } from './a.ts';",
      'import {\n  type B,\n  b,\n} from "./no.ts";',
      "import {\n  type C,\n  c,\n} from './c.ts';",
      "import type { D } from './d.ts';",
      "import './e.ts';",
      "const f = await import('./f.ts');",
      "new URL('../main.ts', import.meta.url);",
      "import { saga } from '@reclaim/saga';",
      "import fastify from 'fastify';",
      "export { g } from './g.ts';",
    ].join('\n');
    expect(importsIn(text, 'test/x.test.ts', exported)).toEqual([
      'test/a.ts',
      'test/c.ts',
      'test/e.ts',
      'test/f.ts',
      'main.ts',
      'packages/saga/src/index.ts',
      'test/g.ts',
    ]);
  });

  it('through others, and in a circle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'a']],
      ['d', ['a']],
    ]);
    expect([...reachOf(graph, 'a')].sort()).toEqual(['a', 'b', 'c']);
  });

  it('its layer: by its folder, or by the contract that it calls', () => {
    const contract = new Set(['test/contracts/wallets.ts']);
    expect(layerOf('test/unit/a.test.ts', new Set())).toBe('unit');
    expect(layerOf('packages/saga/test/integration/a.test.ts', contract)).toBe('contracts');
    expect(layerOf('test/docker/a.test.ts', contract)).toBe('docker');
    expect(() => layerOf('test/nowhere/a.test.ts', new Set())).toThrow('is in no layer');
  });
});

describe('the bugs', () => {
  it.each(MUTATIONS)(
    '$name: each of its texts stands once, and what comes of it is TypeScript',
    async ({ edits }) => {
      const contents = new Map<string, string>();
      for (const one of edits) {
        const file = new URL(`../../${one.file}`, import.meta.url);
        const content = contents.get(one.file) ?? (await readFile(file, 'utf8'));
        contents.set(one.file, mutate(content, one));
      }
      for (const content of contents.values()) expect(stripTypeScriptTypes(content)).not.toBe('');
    },
  );

  it('every twin: mutated, or a reason why not', () => {
    const names = [...MUTATIONS, ...UNMUTATED].map(({ name }) => name);
    expect(TWINS.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('a text that is not there, or twice: an error', () => {
    const one = { file: 'a.ts', find: 'x', put: 'y' };
    expect(mutate('axb', one)).toBe('ayb');
    expect(() => mutate('ab', one)).toThrow('a.ts holds 0 times: x');
    expect(() => mutate('xx', one)).toThrow('a.ts holds 2 times: x');
  });
});
