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

/** Bugs at once, each in sources of its own: a guard mostly waits in vain for what its bug keeps away. As many as
 * vitest runs concurrent tests of one file. */
const LANES = 3;

/** A copy of the sources, and the vitest that runs it. */
interface Lane {
  readonly tree: string;
  readonly session: VitestSession;
}

let folder = '';
/** Those that no bug is in. */
let free: Lane[] = [];
let testFiles: readonly TestFile[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reclaim-guards-'));
  testFiles = await readTestFiles();
  const sources = listSources();
  free = await Promise.all(Array.from({ length: LANES }, (_, index) => openLane(sources, index)));
});

afterAll(async () => {
  await Promise.all(free.map(({ session }) => session.end()));
  await rm(folder, { recursive: true, force: true });
});

/** One process runs all files of a bug: a second one would load everything a second time, for tests that wait. */
async function openLane(sources: readonly string[], index: number): Promise<Lane> {
  const tree = join(folder, `tree-${index}`);
  await copySources(sources, tree);
  const env = {
    ...{ ...childEnv(), SEEDS: '20', RECLAIM_TEST_DOCKER: 'none', RECLAIM_TEST_WAIT_MS: '20000' },
    ...{ MONGODB_URI: inject('mongodbUri'), REDIS_URL: inject('redisUrl') },
    RECLAIM_TEST_WORKERS: '1',
  };
  return { tree, session: createVitestSession({ tree, env, endsAtFirstRed: true }) };
}

async function inLane<T>(use: (lane: Lane) => Promise<T>): Promise<T> {
  const lane = free.pop();
  if (lane === undefined) throw new RangeError(`more than ${LANES} bugs at once`);
  try {
    return await use(lane);
  } finally {
    free.push(lane);
  }
}

/** The guards that went red, and where. */
const bitten: Guards = { titles: new Set(), files: new Set() };

it.concurrent.for(SEEDED)(
  '$name: a test that guards its mechanism goes red',
  { timeout: LIMIT_MS + 10_000 },
  async ({ mutation, ...twin }, { signal }) => {
    const edited = mutation.edits.map(({ file }) => file);
    const guards = guardsOf(twin);
    const files = [...new Set(guards.flatMap(({ file }) => callersOf(testFiles, file)))];
    const patterns = guards.map(patternOf);
    const red = await inLane(({ tree, session }) =>
      withMutation(tree, mutation, async () => {
        // One red test is enough: the cheap ones first.
        for (const folders of BY_COST) {
          const some = files.filter((file) => folders.test(file));
          const found = await redAmong(session, { patterns, files: some, edited }, signal);
          if (found.titles.size > 0) return found;
        }
        return NONE;
      }),
    );
    expect([...red.titles]).not.toEqual([]);
    for (const title of red.titles) bitten.titles.add(title);
    for (const file of red.files) bitten.files.add(file);
  },
);

it('no bug: none of those that went red does', { timeout: ALL_LIMIT_MS + 10_000 }, async ({
  signal,
}) => {
  const patterns = [...bitten.titles].map(escaped);
  const files = [...bitten.files];
  const shares = free.map((_, lane) => files.filter((_file, nth) => nth % LANES === lane));
  const red = await Promise.all(
    shares.map((some) =>
      inLane(({ session }) =>
        redAmong(session, { patterns, files: some, edited: [] }, signal, ALL_LIMIT_MS),
      ),
    ),
  );
  expect(red.flatMap(({ titles }) => [...titles])).toEqual([]);
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

interface Wanted {
  readonly patterns: readonly string[];
  readonly files: readonly string[];
  /** What of the sources is not as it is here. */
  readonly edited: readonly string[];
}

/** @returns which tests of these files fail whose names match. */
async function redAmong(
  session: VitestSession,
  { patterns, files, edited }: Wanted,
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
