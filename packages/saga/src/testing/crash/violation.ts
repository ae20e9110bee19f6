// The account of a run that broke a promise: what went wrong, what it takes to see it again, and what the saga went
// through.

import type { SagaRecord } from '../../log/record.ts';
import type { CrashOrder } from './crash-run.ts';

export class CrashViolation extends Error {
  override readonly name = 'CrashViolation';
  /** The trouble, the points and the faults. */
  readonly run: string;
  readonly problem: string;

  constructor(run: string, problem: string, saga: SagaRecord | null, cause: unknown) {
    const history = saga === null ? ['    it was never stored'] : historyOf(saga);
    super([run, `  ${problem}`, '  history of the saga:', ...history].join('\n'), { cause });
    this.run = run;
    this.problem = problem;
  }
}

export function titleOf(kind: string, { trouble, fates, back, wakeUps }: CrashOrder): string {
  const faults = fates.map(({ dieAt, loseAt, lost }) =>
    [
      ...(loseAt === undefined ? [] : [`${lost?.().name} at [${loseAt}]`]),
      ...(dieAt === undefined ? [] : [`died at [${dieAt}]`]),
    ].join(' and '),
  );
  const crashes = faults.some((fault) => fault !== '')
    ? `${faults.join(', then ')}, back ${back}${WAYS[wakeUps]}`
    : 'no worker died';
  return `${kind}, ${trouble.title}: ${crashes}`;
}

const WAYS = {
  direct: '',
  'accepted-here': ', accepted where its first worker lives',
  queue: ', over the queue',
} as const;

/** How the saga ended, in words. */
export function endOf({ state: { phase, cause } }: SagaRecord): string {
  return cause === null ? phase : `${phase} (${cause.step}: ${cause.code}: ${cause.message})`;
}

function historyOf(saga: SagaRecord): readonly string[] {
  return saga.history.map(({ epoch, type, step, detail }) =>
    [`    claim ${epoch}: ${type}`, step, detail].filter((part) => part !== null).join(', '),
  );
}
