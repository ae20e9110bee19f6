// The page docs/guarantees.md, made from the list of twins and from what was measured. Pure: the same lists give the
// same page, so that a test can tell whether the page is theirs.

import type { Measurement } from './measured.ts';
import { INVARIANTS, type Invariant, type TestName, type TwinFacts } from './twin-facts.ts';

export const PAGE = 'docs/guarantees.md';

export function renderGuarantees(
  twins: readonly TwinFacts[],
  measured: readonly Measurement[],
): string {
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
  'and a buggy twin: the same mechanism with one bug seeded into it, put in through its port or its definition. A',
  'test plays one scenario with the mechanism, where its oracle must find nothing, and with the twin, where the same',
  'oracle must find what stands here in italics.',
  '',
  'Written by `npm run guarantees` from `test/twins/`; `npm test` plays every twin and fails where this page is not up',
  'to date.',
];

function rowOf({ invariant, mechanism, guardedBy, title, breach }: TwinFacts): readonly string[] {
  const { name, playedIn } = INVARIANTS[invariant];
  const [bug] = title.split(':');
  return [
    `**${invariant}** ${name}`,
    `${mechanism.what} (${link(mechanism.file)})`,
    guardedBy.map(testOf).join('<br>'),
    `${bug}: *${breach}* (${link(playedIn)})`,
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
  const rows = Object.entries(INVARIANTS).flatMap(([invariant, { name }]) => {
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
