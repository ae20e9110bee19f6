// What a person reads at the terminal, on standard error. Errors are printed there by the same list as in the log.

import { describeThrown, messageOfThrown } from '../infra/log/log-error.ts';

export function printLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** @param isPlain whether a person can repair it: then only the sentence is printed. */
export function printThrown(thrown: unknown, isPlain = false): void {
  printLine(isPlain ? messageOfThrown(thrown) : describeThrown(thrown));
}
