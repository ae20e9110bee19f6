// Each bug of docs/guarantees.md in the sources themselves, but for those that are played: of the tests that the page names
// for the mechanism, at least one of the short run goes red. So it is the guard itself that is shown to bite, and not a
// scenario made for the purpose. Docker's tests are left out: another bug would have to wait for their containers.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { copySources, listSources, withMutation } from '../matrix/mutated-sources.ts';
import { MUTATIONS } from '../matrix/mutations.ts';
import {
  createVitestSession,
  type RunLimits,
  type VitestSession,
} from '../matrix/vitest-session.ts';
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

it('no bug: none of the guards goes red', { timeout: ALL_LIMIT_MS + 10_000 }, async ({
  signal,
}) => {
  const guards = SEEDED.flatMap(guardsOf);
  expect(await redAmong(guards, [], { signal, limitMs: ALL_LIMIT_MS })).toEqual([]);
});

it.for(SEEDED)(
  '$name: a test that guards its mechanism goes red',
  { timeout: LIMIT_MS + 10_000 },
  async ({ mutation, ...twin }, { signal }) => {
    const edited = mutation.edits.map(({ file }) => file);
    const limits = { signal, limitMs: LIMIT_MS };
    const run = () => redAmong(guardsOf(twin), edited, limits);
    const red = await withMutation(tree, mutation, run);
    expect(red).not.toEqual([]);
  },
);

/** @param edited what of the sources is not as it is here.
 * @returns which of these tests fail on them. */
async function redAmong(
  guards: readonly TestName[],
  edited: readonly string[],
  limits: RunLimits,
): Promise<readonly string[]> {
  const files = [...new Set(guards.flatMap(({ file }) => callersOf(testFiles, file)))];
  const only = guards.map(patternOf).join('|');
  const run = await session.run({ files, edited, only }, limits);
  const pattern = new RegExp(only);
  const tests = run.files.flatMap((file) => file.tests).filter(({ title }) => pattern.test(title));
  expect(tests).not.toEqual([]);
  return tests.filter(({ state }) => state === 'failed').map(({ title }) => title);
}

/** What the title of a test may be when its places are filled. */
function patternOf({ title }: TestName): string {
  const parts = title.split(/%[.\d]*[a-z]|\$\{[^}]*\}|\$[\w.]+/);
  return parts.map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('.*');
}
