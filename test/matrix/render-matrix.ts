// The page docs/kill-matrix.md. Pure: the same results give the same page.

import { LAYERS } from './layers.ts';
import type { FileFacts, Matrix, MutationFacts } from './results.ts';

export const PAGE = 'docs/kill-matrix.md';

export interface Asked {
  /** All that there are, run or not. */
  readonly mutations: readonly string[];
  readonly unmutated: readonly { readonly name: string; readonly why: string }[];
}

export function renderMatrix(matrix: Matrix, asked: Asked): string {
  return [
    '# Kill matrix',
    '',
    ...INTRODUCTION,
    '',
    '## What was run',
    '',
    ...whatWasRun(matrix, asked),
    '',
    '## Bugs',
    '',
    'How many of the files that can meet a bug kill it, and which; the longest lists are cut.',
    '',
    ...table(['bug', 'met by', 'killed by'], matrix.mutations.map(rowOfMutation)),
    '',
    '## Files that kill something alone',
    '',
    'Alone among the files that were run.',
    '',
    ...table(
      ['file', 'bugs met', 'killed', 'killed by no other file'],
      matrix.files.filter(({ killsAlone }) => killsAlone.length > 0).map(rowOfFile),
    ),
    '',
    '## Files that kill nothing alone',
    '',
    'They may prove what no bug of this list is about: that is a question, and no verdict.',
    '',
    ...table(
      ['file', 'bugs met', 'killed, as others do'],
      matrix.files
        .filter(({ met, killsAlone }) => met > 0 && killsAlone.length === 0)
        .map(({ file, met, kills }) => [linkTo(file), String(met), cut(kills)]),
    ),
    '',
    '## Files that met none of the bugs they were run against',
    '',
    ...list(matrix.files.filter(({ met }) => met === 0).map(({ file }) => linkTo(file))),
    '',
  ].join('\n');
}

const INTRODUCTION = [
  'Each [buggy twin](guarantees.md) once more, written into a copy of the sources, and beside them bugs that once passed the whole suite',
  '(`test/matrix/mutations.ts`). Each test file that can meet the bug, by what it imports, is run against it: a file that fails kills it.',
  '`npm run test:matrix` runs it and writes this page; it goes on where it was interrupted, and `--only=unit,contracts`, `--twin=<names>`,',
  '`--minutes=<n>`, `--full` (the `*.full.test.ts` too) and `--fresh` say how much of it is run.',
];

function whatWasRun(matrix: Matrix, asked: Asked): readonly string[] {
  const { layers, commits, mutations, failAnyway } = matrix;
  const ran = new Set(mutations.map(({ name }) => name));
  const partly = new Map<string, string[]>();
  for (const { name, layers: own } of mutations) {
    if (own.length === layers.length) continue;
    partly.set(own.join(', '), [...(partly.get(own.join(', ')) ?? []), name]);
  }
  const others = LAYERS.filter((layer) => !layers.includes(layer));
  const unfinished = mutations.filter((one) => one.unfinished.length > 0);
  const missing = asked.mutations.filter((name) => !ran.has(name));
  return [
    `- Layers: ${layers.join(', ')}. ${others.length === 0 ? 'All of them.' : `**Not run**: ${others.join(', ')}. A bug that nothing here kills may well be killed there.`}`,
    `- Bugs: ${ran.size} of ${asked.mutations.length}.${missing.length === 0 ? '' : ` **Not run**: ${missing.join(', ')}.`}`,
    ...[...partly].map(([ran, names]) => `- Only against ${ran}, so far: ${names.join(', ')}.`),
    ...(matrix.files.some(({ file }) => file.endsWith('.full.test.ts'))
      ? []
      : ['- **Not run**: the files named `*.full.test.ts`.']),
    `- Test files: ${matrix.files.length}; killed by at least one of them: ${mutations.filter(({ killedBy }) => killedBy.length > 0).length} bugs.`,
    `- At ${commits.join(', ')}.`,
    ...(failAnyway.length === 0
      ? []
      : [
          `- Failing without a bug, so that they count for nothing: ${failAnyway.map(linkTo).join(', ')}.`,
        ]),
    ...unfinished.map(
      (one) => `- \`${one.name}\`: no word in time of ${one.unfinished.map(linkTo).join(', ')}.`,
    ),
    ...asked.unmutated.map(({ name, why }) => `- \`${name}\` is a twin alone: ${why}.`),
  ];
}

function rowOfMutation({ name, ran, killedBy }: MutationFacts): readonly string[] {
  return [
    `\`${name}\``,
    String(ran),
    killedBy.length === 0 ? '**nothing here**' : cutFiles(killedBy),
  ];
}

function rowOfFile({ file, met, kills, killsAlone }: FileFacts): readonly string[] {
  return [linkTo(file), String(met), String(kills.length), killsAlone.join(', ')];
}

const MAX_NAMED = 4;

function cutFiles(files: readonly string[]): string {
  const named = files.slice(0, MAX_NAMED).map(linkTo).join(', ');
  const rest = files.length - MAX_NAMED;
  return `${files.length}: ${named}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function cut(names: readonly string[]): string {
  const rest = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** From the page's own folder. */
function linkTo(file: string): string {
  return `[${file.split('/').at(-1)}](../${file})`;
}

function list(items: readonly string[]): readonly string[] {
  return items.length === 0 ? ['None.'] : [items.join(', ')];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return ['None.'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
