// Each bug of docs/guarantees.md in the sources themselves, but for those that are played: of the tests that the page names
// for the mechanism, at least one of the short run goes red, and is green again without the bug. So it is the guard itself
// that is shown to bite, and not a scenario made for the purpose. Docker's tests are left out: another bug would have to wait
// for their containers.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { copySources, listSources, withMutation } from '../matrix/mutated-sources.ts';
import { MUTATIONS } from '../matrix/mutations.ts';
import { createVitestSession, type VitestSession } from '../matrix/vitest-session.ts';
import { childEnv } from '../support/child-env.ts';
import { callersOf, readTestFiles, type TestFile } from './short-run.ts';
import { guardsOf, type TestName } from './twin-facts.ts';
import { TWINS } from './twins.ts';

/** For servers that are there already; some guards wait out a lease or two. */
const LIMIT_MS = 240_000;
const ALL_LIMIT_MS = 900_000;

const SEEDED = TWINS.filter(({ isPlayed }) => !isPlayed).map((twin) => {
  const mutation = MUTATIONS.find(({ name }) => name === twin.name);
  if (mutation === undefined) throw new Error(`${twin.name} is neither played nor seeded`);
  return { ...twin, mutation };
});

let folder = '';
let tree = '';
let session: VitestSession;
let testFiles: readonly TestFile[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reclaim-guards-'));
  tree = join(folder, 'tree');
  await copySources(listSources(), tree);
  testFiles = await readTestFiles();
  const env = {
    ...{ ...childEnv(), SEEDS: '20', RECLAIM_TEST_DOCKER: 'none', RECLAIM_TEST_WAIT_MS: '20000' },
    ...{ MONGODB_URI: inject('mongodbUri'), REDIS_URL: inject('redisUrl') },
  };
  session = createVitestSession({ tree, env, endsAtFirstRed: true });
});

afterAll(async () => {
  await session.end();
  await rm(folder, { recursive: true, force: true });
});

/** The guards that went red, and where. */
const bitten: Guards = { titles: new Set(), files: new Set() };

it.for(SEEDED)(
  '$name: a test that guards its mechanism goes red',
  { timeout: LIMIT_MS + 10_000 },
  async ({ mutation, ...twin }, { signal }) => {
    const edited = mutation.edits.map(({ file }) => file);
    const guards = guardsOf(twin);
    const files = [...new Set(guards.flatMap(({ file }) => callersOf(testFiles, file)))];
    const red = await withMutation(tree, mutation, async () => {
      // One red test is enough: the cheap ones first.
      for (const folders of BY_COST) {
        const some = files.filter((file) => folders.test(file));
        const found = await redAmong(guards.map(patternOf), some, edited, signal);
        if (found.titles.size > 0) return found;
      }
      return NONE;
    });
    expect([...red.titles]).not.toEqual([]);
    for (const title of red.titles) bitten.titles.add(title);
    for (const file of red.files) bitten.files.add(file);
  },
);

it('no bug: none of those that went red does', { timeout: ALL_LIMIT_MS + 10_000 }, async ({
  signal,
}) => {
  const patterns = [...bitten.titles].map(escaped);
  const red = await redAmong(patterns, [...bitten.files], [], signal, ALL_LIMIT_MS);
  expect([...red.titles]).toEqual([]);
});

interface Guards {
  readonly titles: Set<string>;
  readonly files: Set<string>;
}

const NONE: Guards = { titles: new Set(), files: new Set() };

const BY_COST = [
  /test\/unit\//,
  /test\/(?:integration|twins)\//,
  /test\/(?!unit|integration|twins)/,
];

/** @param edited what of the sources is not as it is here.
 * @returns which tests of these files fail whose names match. */
async function redAmong(
  patterns: readonly string[],
  files: readonly string[],
  edited: readonly string[],
  signal: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<Guards> {
  if (files.length === 0) return NONE;
  const only = patterns.join('|');
  const run = await session.run({ files, edited, only }, { signal, limitMs });
  const pattern = new RegExp(only);
  const tests = run.files.flatMap(({ file, tests: some }) => some.map((one) => ({ ...one, file })));
  const named = tests.filter(({ title }) => pattern.test(title));
  expect(named).not.toEqual([]);
  const red = named.filter(({ state }) => state === 'failed');
  return {
    titles: new Set(red.map(({ title }) => title)),
    files: new Set(red.map(({ file }) => file)),
  };
}

/** What the title of a test may be when its places are filled. */
function patternOf({ title }: TestName): string {
  return title
    .split(/%[.\d]*[a-z]|\$\{[^}]*\}|\$[\w.]+/)
    .map(escaped)
    .join('.*');
}

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
}
