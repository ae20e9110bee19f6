// No regular expression takes a time that grows faster than the text it is given: whoever writes the text would choose how
// long everybody waits. Every literal of the sources is judged, whether it meets outside text today or not.

import { readdir, readFile } from 'node:fs/promises';
import { isSafe } from 'redos-detector';
import { expect, it } from 'vitest';
import { findRegexLiterals } from '../support/regex-literals.ts';

const FOLDERS = ['src', 'packages/saga/src', 'web', 'workers', 'scripts'];

/** Those that cannot be shown to be safe, and never meet a text from outside. */
const OWN_TEXT: ReadonlyMap<string, string> = new Map([
  ['scripts/check-imports.ts', "the project's own files and their names"],
  ['scripts/complete-lock.mjs', "names in the project's own lock"],
  ['scripts/npm-ci.mjs', 'lines of the npm that the script itself runs'],
  ['packages/saga/src/board/saga-board.ts', "the page of Bull Board's package"],
]);

/** Those that build one: of what, and why it stays linear. */
const BUILT: ReadonlyMap<string, string> = new Map([
  ['scripts/check-imports.ts', "the names of the project's own folders"],
  [
    'src/api/plugins/unknown-routes.ts',
    "the application's own routes: one hole between two slashes",
  ],
  [
    'src/bots/simulator/container-filters.ts',
    'our own filters by name, as they are sent to Docker',
  ],
  ['src/bots/supervisor/program-owner.ts', 'escaped names, with one hole at most'],
]);

async function readSources(): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  for (const folder of FOLDERS) {
    for (const name of await readdir(folder, { recursive: true })) {
      if (!/\.(?:ts|js|mjs)$/.test(name)) continue;
      sources.set(`${folder}/${name}`, await readFile(`${folder}/${name}`, 'utf8'));
    }
  }
  return sources;
}

const isLinear = (source: string, flags: string) => isSafe(new RegExp(source, flags)).safe;

it('every literal of the sources: no backtracking that grows with the text', async () => {
  const unsafe: string[] = [];
  let judged = 0;
  for (const [file, text] of await readSources()) {
    for (const { source, flags, line } of findRegexLiterals(text)) {
      judged += 1;
      if (!OWN_TEXT.has(file) && !isLinear(source, flags))
        unsafe.push(`${file}:${line} /${source}/`);
    }
  }
  expect(unsafe).toEqual([]);
  expect(judged).toBeGreaterThan(100);
}, 120_000);

it('patterns in schemas: the same', async () => {
  const unsafe: string[] = [];
  let judged = 0;
  for (const [file, text] of await readSources()) {
    for (const [, quoted = ''] of text.matchAll(/(?:pattern: |_PATTERN = )'([^'\n]*)'/g)) {
      judged += 1;
      if (!isLinear(quoted.replaceAll('\\\\', '\\'), '')) unsafe.push(`${file}: ${quoted}`);
    }
  }
  expect(unsafe).toEqual([]);
  expect(judged).toBeGreaterThan(5);
});

it('expressions that are built from text: where, and from what', async () => {
  const found = [...(await readSources())].filter(([, text]) => text.includes('RegExp('));
  const building = found.filter(([, text]) => /\bnew RegExp\(|[^a-z]RegExp\(/i.test(text));
  const files = building.map(([file]) => file).filter((file) => !NAMED_SO.has(file));
  expect(files.sort()).toEqual([...BUILT.keys()].sort());
});

/** Their functions have the word in their names, and escape text for Docker's filters. */
const NAMED_SO: ReadonlySet<string> = new Set(['src/bots/docker/container-names.ts']);

it('what the judge refuses: expressions that stop the event loop', () => {
  for (const [source, flags] of [
    ['\\beyJ[\\w-]+\\.[\\w-]+(\\.[\\w-]+)?', 'g'],
    ['^(a+)+$', ''],
    ['\\s+$', ''],
    ['^freqtrade-pool-(.+)-pool-\\d+$', ''],
  ] as const) {
    expect(isLinear(source, flags), source).toBe(false);
  }
});

it('the scanner finds literals, and nothing in strings, comments and templates', () => {
  const text = [
    'const a = /a[/]b/gi; // not /this/',
    'const b = \'/no/\' + "/neither/"; /* nor /that/ */',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a template.
    'const c = `/not/ ${d.replace(/in/g, `/deep/`)} /out/`;',
    'if (x / 2 > y / 3) return /\\/end$/.test(z);',
  ].join('\n');
  expect(findRegexLiterals(text).map(({ source, flags, line }) => [source, flags, line])).toEqual([
    ['a[/]b', 'gi', 1],
    ['in', 'g', 3],
    ['\\/end$', '', 4],
  ]);
});
