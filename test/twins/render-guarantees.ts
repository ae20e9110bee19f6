// The page docs/guarantees.md, made from the list of twins and from what was measured. Pure: the same lists give the
// same page, so that a test can tell whether the page is theirs.

import type { Measurement } from './measured.ts';
import { guardsOf, INVARIANTS, type Invariant, type TestName, type Twin } from './twin-facts.ts';

export const PAGE = 'docs/guarantees.md';

export function renderGuarantees(twins: readonly Twin[], measured: readonly Measurement[]): string {
  return [
    '# Guarantees',
    '',
    ...INTRODUCTION,
    '',
    ...table(['invariant', 'mechanism', 'tests', 'buggy twin caught'], twins.map(rowOf)),
    ...(measured.length === 0 ? [] : ['', ...sectionOf(measured)]),
    '',
  ].join('\n');
}

const INTRODUCTION = [
  'Each row is one mechanism that keeps an invariant of [the architecture](architecture.md), the tests that guard it,',
  'and a buggy twin: the same mechanism with one bug seeded into it. Where it says *seeded*, the bug is written into a',
  'copy of the sources (`test/matrix/mutations.ts`), and a test that stands beside it, one of `npm test`, goes red',
  '(`test/twins/guards.full.test.ts`). Where it says *played*, no text of one place is the bug: a scenario is run with',
  'the mechanism, where its oracle must find nothing, and with the twin, put in through a port, where the same oracle',
  'must find what stands here in italics (`test/twins/played.test.ts`).',
  '',
  'Written by `npm run guarantees` from `test/twins/`; `npm test` plays the played ones and fails where this page is not',
  'up to date, `npm run test:full` seeds the others.',
];

function rowOf(twin: Twin): readonly string[] {
  const { invariant, mechanism, file, bug, breach, isPlayed } = twin;
  return [
    `**${invariant}** ${INVARIANTS[invariant]}`,
    `${mechanism} (${link(file)})`,
    guardsOf(twin).map(testOf).join('<br>'),
    `${bug}: *${breach}* (${isPlayed ? 'played' : 'seeded'})`,
  ];
}

function testOf({ file, title }: TestName): string {
  return `${title} (${link(file)})`;
}

/** From the page's own folder; the text is the file's name. */
function link(file: string): string {
  return `[${file.split('/').at(-1)}](../${file})`;
}

// One row an invariant, one column a figure; below it where each figure comes from.
function sectionOf(measured: readonly Measurement[]): readonly string[] {
  const figures = [...new Set(measured.map(({ figure }) => figure))];
  const rows = Object.entries(INVARIANTS).flatMap(([invariant, name]) => {
    const own = measured.filter(({ invariants }) => invariants.includes(invariant as Invariant));
    if (own.length === 0) return [];
    return [[`**${invariant}** ${name}`, ...figures.map((figure) => valuesOf(own, figure))]];
  });
  return [
    '## Measured',
    '',
    ...table(['invariant', ...figures], rows),
    '',
    ...measured.map(({ figure, value, command }) => `- ${figure}, ${value}: \`${command}\``),
  ];
}

function valuesOf(measured: readonly Measurement[], figure: Measurement['figure']): string {
  return measured
    .filter((one) => one.figure === figure)
    .map(({ value }) => value)
    .join('; ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [head, head.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map(cellOf).join(' | ')} |`,
  );
}

function cellOf(text: string): string {
  return text.replaceAll('|', '\\|');
}
