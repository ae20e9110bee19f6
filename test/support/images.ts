// The two images that Docker tests run on, made without a registry: the pool image from the
// system's own packages (kept in the cache, it takes some 20 s), and the dedicated bot's image from
// the pool image. Where the system cannot make it, the Dockerfile beside this file is built instead.
// Tags carry a hash of the recipe, so a changed recipe is never served from a cache.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { aptInstall, onPath, type Progress } from './apt.ts';
import { withDeadline } from './with-deadline.ts';

const RECIPE = fileURLToPath(new URL('./images/pool/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/images/', import.meta.url));
const IMAGE_TIMEOUT_MS = 300_000;
// As its container's first process the shell must trap the signal: without a handler the kernel
// drops it, and every stop would take the whole grace period.
const BOT_COMMAND = [
  '/bin/sh',
  '-c',
  "trap 'exit 0' TERM INT; while :; do sleep 1 & wait $!; done",
];

export interface TestImages {
  readonly poolImage: string;
  readonly botImage: string;
}

/** Both images on the engine behind `socket`. @throws when they can neither be made nor built. */
export async function prepareImages(
  socket: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<TestImages> {
  const docker = new Docker({ socketPath: socket });
  const hash = createHash('sha256').update(JSON.stringify(BOT_COMMAND));
  const files = (await readdir(RECIPE)).sort();
  for (const file of files) hash.update(await readFile(RECIPE + file));
  const tag = hash.digest('hex').slice(0, 12);
  const images = { poolImage: `reclaim-test-pool:${tag}`, botImage: `reclaim-test-bot:${tag}` };
  if (!(await hasImage(docker, images.poolImage))) {
    await makePoolImage(docker, images.poolImage, tag, progress, signal);
  }
  if (!(await hasImage(docker, images.botImage))) await makeBotImage(docker, images);
  return images;
}

async function makePoolImage(
  docker: Docker,
  image: string,
  tag: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const archive = `${CACHE}pool-${process.arch}-${tag}.tar`;
  const made = existsSync(archive) || (await makeRootFilesystem(archive, progress, signal));
  progress(made ? 'loading the pool image into Docker' : 'building the pool image from a registry');
  const stream = made
    ? await docker.importImage(archive, {
        repo: image.split(':')[0],
        tag,
        changes: 'CMD ["/usr/bin/supervisord","-n"]',
      })
    : await docker.buildImage({ context: RECIPE, src: await readdir(RECIPE) }, { t: image });
  await withDeadline(readToEnd(docker, stream), IMAGE_TIMEOUT_MS, `making ${image}`);
}

async function makeRootFilesystem(
  archive: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<boolean> {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  if (!isRoot || (await onPath('apt-get')) === undefined) return false;
  if ((await onPath('mmdebstrap')) === undefined)
    await aptInstall(['mmdebstrap'], progress, signal);
  progress('making the pool image from packages (once, about 20 s)');
  await mkdir(CACHE, { recursive: true });
  // Another test run may make it at the same time; the rename decides and either result is good.
  const partial = `${archive}.${process.pid}.tar`;
  try {
    await promisify(execFile)('mmdebstrap', await bootstrapArguments(partial), {
      timeout: IMAGE_TIMEOUT_MS,
      signal,
      maxBuffer: 64 * 1024 * 1024,
    });
    await rename(partial, archive);
  } finally {
    await rm(partial, { force: true });
  }
  return true;
}

async function bootstrapArguments(target: string): Promise<string[]> {
  const release = await readFile('/etc/os-release', 'utf8');
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1] ?? 'bookworm';
  const components = /^ID=ubuntu/m.test(release) ? 'main,universe' : 'main';
  return [
    '--quiet',
    '--variant=minbase',
    `--components=${components}`,
    '--include=supervisor',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    `--customize-hook=sh "${RECIPE}furnish.sh" "$1"`,
    suite,
    target,
  ];
}

async function makeBotImage(docker: Docker, images: TestImages): Promise<void> {
  const container = await docker.createContainer({
    Image: images.poolImage,
    Cmd: BOT_COMMAND,
    NetworkDisabled: true,
  });
  const [repo, tag] = images.botImage.split(':');
  await container.commit({ repo, tag });
  await container.remove({ force: true });
}

async function hasImage(docker: Docker, name: string): Promise<boolean> {
  const found = await docker.listImages({ filters: { reference: [name] } });
  return found.length > 0;
}

function readToEnd(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, output: unknown[]) => {
      const failed = output?.find((line) => typeof line === 'object' && line && 'error' in line);
      if (error) reject(error);
      else if (failed) reject(new Error(JSON.stringify(failed)));
      else resolve();
    });
  });
}
