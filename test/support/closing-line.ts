// The last line of every test run: `N passed, N failed, N skipped`, from vitest's own result, for people
// and machines alike. Whatever keeps a run from being good counts as a failure, so that no broken
// run can end with `0 failed`: a file that does not load, an error outside a test, a failed set-up. Before it,
// what searches, crashes and simulations went through: a number that shrinks says that they do not show any more what
// they did.

import type { Reporter, TestModule } from 'vitest/node';
import { lackIn } from './needs.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What the test went through, in one line: printed at the end of the run. */
    wentThrough?: string;
  }
}

export function createClosingLine(): Reporter {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const missing = new Map<string, number>();
  const wentThrough: string[] = [];
  const print = (code: number) => {
    if (code !== 0 && count.failed === 0) count.failed = 1;
    for (const [lack, tests] of missing) process.stdout.write(`${tests} ${lack}\n`);
    for (const line of wentThrough.sort()) process.stdout.write(`${line}\n`);
    const { passed, failed, skipped } = count;
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  };
  return {
    // Only at exit is it known that nothing else, such as the end of the set-up, prints or fails.
    onInit: () => {
      process.once('exit', print);
    },
    onTestRunEnd: (modules, errors) => {
      for (const module of modules) {
        countModule(module, count, missing);
        for (const test of module.children.allTests()) {
          const line = test.meta().wentThrough;
          if (line !== undefined) wentThrough.push(line);
        }
      }
      count.failed += errors.length;
    },
  };
}

type Count = { passed: number; failed: number; skipped: number };

function countModule(module: TestModule, count: Count, missing: Map<string, number>): void {
  const before = count.failed;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') count.passed += 1;
    else if (state === 'skipped') count.skipped += 1;
    else count.failed += 1;
    const lack = lackIn(test.fullName);
    if (lack === null) continue;
    const line = `${lack.need} tests were skipped: ${lack.reason}`;
    missing.set(line, (missing.get(line) ?? 0) + 1);
  }
  // A file that does not load has no tests, and a failed hook leaves its tests skipped.
  if (module.state() === 'failed' && count.failed === before) count.failed += 1;
}
