// Runs bugs × test files and writes docs/kill-matrix.md. Each bug is put into a copy of the sources, and the test files
// of one layer that can meet it are run against the copy. What came of it is appended to a file of results, a line for
// each bug and layer, so that the next call goes on where this one was interrupted. One MongoDB and one Valkey serve
// all of it.

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../src/infra/embedded/start-embedded.ts';
import { reachOf, readImportGraph } from '../test/matrix/import-graph.ts';
import { LAYERS, type Layer, layerOf } from '../test/matrix/layers.ts';
import { copySources, listSources, withMutation } from '../test/matrix/mutated-sources.ts';
import { MUTATIONS, type Mutation, UNMUTATED } from '../test/matrix/mutations.ts';
import { PAGE, renderMatrix } from '../test/matrix/render-matrix.ts';
import { isRun, type MatrixRun, NO_MUTATION, parseRuns, toMatrix } from '../test/matrix/results.ts';
import {
  createVitestSession,
  type SessionRequest,
  type VitestSession,
} from '../test/matrix/vitest-session.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RESULTS = join(ROOT, '.cache', 'kill-matrix.jsonl');

/** Of one bug in one layer: a bug may well make a test wait for ever. */
const LIMIT_MS = 300_000;
const ALONE_LIMIT_MS = 120_000;

const { values: wanted } = parseArgs({
  options: {
    only: {
      type: 'string',
      default: LAYERS.filter((layer) => layer !== 'docker' && layer !== 'browser').join(','),
    },
    twin: { type: 'string' },
    minutes: { type: 'string', default: '600' },
    full: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
  },
});
const layers = wanted.only.split(',').map((name): Layer => {
  const layer = LAYERS.find((one) => one === name);
  if (layer === undefined) throw new Error(`--only=${name}: one of ${LAYERS.join(', ')}`);
  return layer;
});
const nothing: Mutation = { name: NO_MUTATION, edits: [] };
const twins = wanted.twin?.split(',');
const mutations = [nothing, ...MUTATIONS].filter(
  ({ name }) => twins === undefined || twins.includes(name) || name === NO_MUTATION,
);
if (twins !== undefined && mutations.length !== twins.length + 1) {
  throw new Error(`--twin=${wanted.twin}: not all of them are in test/matrix/mutations.ts`);
}

const head = ['rev-parse', '--short', 'HEAD'];
const commit = execFileSync('git', head, { cwd: ROOT, encoding: 'utf8' }).trim();
const tracked = listSources();
const endsAt = performance.now() + Number(wanted.minutes) * 60_000;
const abort = new AbortController();
process.once('SIGINT', () => abort.abort());
process.once('SIGTERM', () => abort.abort());
const say = (line: string) => process.stderr.write(`${line}\n`);

if (wanted.fresh) await rm(RESULTS, { force: true });
await mkdir(dirname(RESULTS), { recursive: true });
const runs = [...parseRuns(await readFile(RESULTS, 'utf8').catch(() => ''))];
await writeFile(RESULTS, runs.map(lineOf).join(''));

const folder = await mkdtemp(join(tmpdir(), 'reclaim-matrix-'));
const tree = join(folder, 'tree');
try {
  // With `--minutes=0` the page alone is written, from what has been run.
  if (performance.now() < endsAt) await runOnServers();
} finally {
  await rm(folder, { recursive: true, force: true });
}
const names = MUTATIONS.map(({ name }) => name);
await writeFile(
  join(ROOT, PAGE),
  renderMatrix(toMatrix(runs), { mutations: names, unmutated: UNMUTATED }),
);
say(`${PAGE}: ${runs.length} runs`);

async function runOnServers(): Promise<void> {
  await copySources(tracked, tree);
  const servers = await startEmbedded({
    dataDir: join(folder, 'servers'),
    isKept: false,
    onProgress: say,
    signal: abort.signal,
  });
  const docker = layers.includes('docker') ? {} : { RECLAIM_TEST_DOCKER: 'none' };
  const urls = { MONGODB_URI: servers.mongodbUri, REDIS_URL: servers.redisUrl };
  const session = createVitestSession({
    tree,
    env: { SEEDS: '20', ...docker, ...process.env, ...urls },
  });
  try {
    await runAll(session);
  } finally {
    await session.end();
    await servers.stop();
  }
}

async function runAll(session: VitestSession): Promise<void> {
  const { exports } = JSON.parse(await readFile(join(ROOT, 'packages/saga/package.json'), 'utf8'));
  const entries = Object.entries<string>(exports).map(([name, path]) => {
    return [join('@reclaim/saga', name), join('packages/saga', path)] as const;
  });
  const graph = await readImportGraph(tree, tracked, Object.fromEntries(entries));
  const tests = tracked
    .filter((file) => file.endsWith('.test.ts') && (wanted.full || !file.endsWith('.full.test.ts')))
    .map((file) => ({ file, reached: reachOf(graph, file) }))
    .map((test) => ({ ...test, layer: layerOf(test.file, test.reached) }));
  for (const layer of layers) {
    for (const mutation of mutations) {
      if (isRun(runs, { mutation: mutation.name, layer })) continue;
      if (abort.signal.aborted || performance.now() > endsAt) return;
      const edited = mutation.edits.map(({ file }) => file);
      const isMet = (reached: ReadonlySet<string>) =>
        edited.length === 0 || edited.some((file) => reached.has(file));
      const files = tests
        .filter((test) => test.layer === layer && isMet(test.reached))
        .map(({ file }) => file);
      const result = await withMutation(tree, mutation, () => runTests(session, { files, edited }));
      if (abort.signal.aborted) return;
      const run = { mutation: mutation.name, layer, commit, ...result };
      runs.push(run);
      await writeFile(RESULTS, lineOf(run), { flag: 'a' });
      const killers = Object.keys(result.failed).length;
      say(`${layer} ${mutation.name}: killed by ${killers} of ${files.length} files`);
    }
  }
}

type Outcome = Pick<MatrixRun, 'passed' | 'failed' | 'unfinished'>;

async function runTests(session: VitestSession, request: SessionRequest): Promise<Outcome> {
  const { files } = request;
  if (files.length === 0) return { passed: [], failed: {}, unfinished: [] };
  const limitMs = files.length > 1 ? LIMIT_MS : ALONE_LIMIT_MS;
  const { isDone, files: reported } = await session.run(request, { limitMs, signal: abort.signal });
  // One that hangs keeps the others from being heard.
  if (!isDone && files.length > 1 && !abort.signal.aborted) return runEach(session, request);
  const failed = reported
    .filter(({ isRed }) => isRed)
    .map(({ file, tests }): [string, readonly string[]] => {
      const red = tests.filter(({ state }) => state === 'failed');
      return [file, red.map(({ title }) => title)];
    });
  const ended = new Set(reported.map(({ file }) => file));
  return {
    passed: reported.filter(({ isRed }) => !isRed).map(({ file }) => file),
    failed: Object.fromEntries(failed),
    unfinished: files.filter((file) => !ended.has(file)),
  };
}

async function runEach(session: VitestSession, request: SessionRequest): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const file of request.files) {
    outcomes.push(await runTests(session, { ...request, files: [file] }));
  }
  return {
    passed: outcomes.flatMap(({ passed }) => passed),
    failed: Object.assign({}, ...outcomes.map(({ failed }) => failed)),
    unfinished: outcomes.flatMap(({ unfinished }) => unfinished),
  };
}

function lineOf(run: MatrixRun): string {
  return `${JSON.stringify(run)}\n`;
}
