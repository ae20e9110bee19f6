// `npm run soak`: the real system as processes of its own, under load, broken at random, and held to its promises.
//   --minutes N   how long it is broken (2)
//   --seed S      the choices of an earlier run
//   --json        one JSON object on the last line of stdout
//   --keep        data and logs stay where they are, for a look
// Exit code 1 on any violation.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { toText } from './report.ts';
import { runSoak } from './run.ts';

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stopping.abort(new Error(`ended by ${name}`)));
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

try {
  const report = await runSoak({
    minutes: positive('--minutes', values.minutes),
    seed: positive('--seed', values.seed),
    isKept: values.keep,
    say: (line) => console.error(line),
    signal: stopping.signal,
  });
  console.log(toText(report));
  if (values.keep) console.log(`kept: ${report.folder}`);
  if (values.json) console.log(JSON.stringify(report));
  if (report.violations.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(stopping.signal.aborted ? String(stopping.signal.reason) : error);
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${name} takes a number above 0, not ${JSON.stringify(text)}`);
}
