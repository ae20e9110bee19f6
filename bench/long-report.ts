// The rows of the long lives: each a ratio to the small case of the same run. Where a format has to be written, or read,
// whole, the goal cannot hold, and the row says so.

import type { LifeMeasure, LongLives } from './long-lives.ts';

const GOAL = '<= 1.5';
const WHOLE_DOCUMENT = '<= 1.5, not met: the document is written whole';
const WHOLE_FILE = 'no goal: the file is written whole';

export const LONG_LINES = [
  ['longTransactionsRatio', 'a deletion, user of 50,000 transactions', WHOLE_DOCUMENT],
  ['longPoolFileRatio', 'a deletion, 100,000 bots in the pool file', WHOLE_FILE],
  ['longPoolMongodbRatio', 'a deletion, 100,000 bots in MongoDB', GOAL],
  ['longEndedSagasRatio', 'a deletion, 1,000,000 ended (quick: 100,000)', GOAL],
  ['longOpenSagasRatio', 'a deletion, 10,000 open sagas asleep', GOAL],
] as const;

/** The ratios, and what they are of. */
export function longFigures(long: LongLives | undefined): Readonly<Record<string, number>> {
  if (long === undefined) return {};
  return Object.assign(
    {},
    ...Object.entries<LifeMeasure>(long).map(([name, { smallMs, largeMs }]) => {
      const key = `long${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      return {
        [`${key}Ratio`]: Number((largeMs / smallMs).toFixed(2)),
        [`${key}SmallMs`]: Number(smallMs.toFixed(1)),
        [`${key}LargeMs`]: Number(largeMs.toFixed(1)),
      };
    }),
  );
}
