// The process of a vitest session (`vitest-session.ts`): one vitest over the tree that is its folder, which runs what it is
// sent. It stays between the runs, so its set-up, its own start and the transformed sources are there already.

import { join, relative } from 'node:path';
import { createVitest, type Reporter, type TestModule } from 'vitest/node';
import type { ReportedFile, SessionRequest } from './vitest-session.ts';

/** A bug may well make a test wait for ever. */
const TEST_LIMIT_MS = 60_000;

const tree = process.cwd();
const ended = new Map<string, ReportedFile>();
const reporter: Reporter = {
  onTestModuleEnd: (testModule) => {
    const file = relative(tree, testModule.moduleId);
    ended.set(file, reportedOf(testModule));
  },
};
const vitest = await createVitest('test', {
  ...{ root: tree, run: true, watch: false, reporters: [reporter] },
  ...{ testTimeout: TEST_LIMIT_MS, hookTimeout: TEST_LIMIT_MS, bail: Number(process.argv[2]) },
});
let edited: readonly string[] = [];

process.on('message', (request: SessionRequest) => {
  run(request).then(
    (files) => process.send?.(files),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => vitest.exit());

async function run(request: SessionRequest): Promise<readonly ReportedFile[]> {
  // Those of the last run have been put back.
  for (const file of [...edited, ...request.edited]) vitest.invalidateFile(join(tree, file));
  edited = request.edited;
  ended.clear();
  const found = await vitest.globTestSpecifications([...request.files]);
  const wanted = new Set(request.files);
  const specifications = found.filter(({ moduleId }) => wanted.has(relative(tree, moduleId)));
  if (request.only === undefined) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(new RegExp(request.only));
  await vitest.runTestSpecifications(specifications);
  return [...ended.values()];
}

function reportedOf(testModule: TestModule): ReportedFile {
  const tests = [...testModule.children.allTests()];
  return {
    file: relative(tree, testModule.moduleId),
    isRed: testModule.state() === 'failed',
    tests: tests.map((test) => ({ title: test.name, state: test.result().state })),
  };
}
