// Shell scripts stand in for server programs here: only their answer to --version matters.

import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MONGODB } from '../../src/infra/embedded/mongodb-server.ts';
import { findServer, type ServerKind } from '../../src/infra/embedded/server-binary.ts';
import { createTestFolder } from '../support/folder.ts';

async function putProgram(folder: string, version: string) {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'mongod');
  await writeFile(path, `#!/bin/sh\necho 'db version v${version}'\n`);
  await chmod(path, 0o755);
  return path;
}

/** A search with a PATH and a cache of its own. */
async function createSearch(recorded?: string) {
  const folder = await createTestFolder();
  vi.stubEnv('PATH', `${folder}/path:/usr/bin:/bin`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return {
    folder,
    search: {
      cacheFolder: `${folder}/cache`,
      recorded: recorded === undefined ? undefined : { product: 'MongoDB', version: recorded },
      onProgress: () => {},
    },
  };
}

function kindFetching(version: string): ServerKind {
  const fetch = async (folder: string) => void (await putProgram(folder, version));
  return { ...MONGODB, programs: ['mongod'], sources: [{ name: 'the shop', fetch }] };
}

const OUT_OF_REACH: ServerKind = {
  ...MONGODB,
  sources: [{ name: 'the shop', fetch: () => Promise.reject(new Error('closed')) }],
};

describe('looking for a server', () => {
  it('nothing anywhere: one error names what was tried and the ways out', async () => {
    const { search } = await createSearch();
    await expect(findServer(OUT_OF_REACH, search)).rejects.toThrow(
      /no MongoDB server.*the shop: closed.*Ways out: put mongod on PATH, set MONGODB_URI/s,
    );
  });

  it('a fetch that takes long: what has come so far is told', async () => {
    const { search } = await createSearch();
    const said: string[] = [];
    let isTold: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      isTold = resolve;
    });
    const fetch = async (folder: string) => {
      await writeFile(join(folder, 'half'), Buffer.alloc(3_000_000));
      await told;
      await rm(join(folder, 'half'));
      await putProgram(folder, '6.0.5');
    };
    const onProgress = (line: string) => {
      said.push(line);
      if (line.includes('3 MB so far')) isTold();
    };
    const kind = { ...MONGODB, programs: ['mongod'], sources: [{ name: 'the shop', fetch }] };
    await findServer(kind, { ...search, onProgress, reportEveryMs: 5 });
    expect(said).toContain('getting MongoDB: 3 MB so far');
  });

  it('a program on PATH: taken before anything is fetched', async () => {
    const { folder, search } = await createSearch();
    const path = await putProgram(`${folder}/path`, '7.0.1');
    const found = await findServer(OUT_OF_REACH, search);
    expect(found).toEqual({ product: 'MongoDB', version: '7.0.1', path });
  });

  it('a program on PATH that is too old: passed over, and named when nothing else is there', async () => {
    const { folder, search } = await createSearch();
    await putProgram(`${folder}/path`, '4.4.2');
    expect((await findServer(kindFetching('6.0.5'), search)).version).toBe('6.0.5');
    const { folder: other, search: again } = await createSearch();
    await putProgram(`${other}/path`, '4.4.2');
    await expect(findServer(OUT_OF_REACH, again)).rejects.toThrow(/4\.4\.2 is older than 6\.0/);
  });

  it('data of another release: the program on PATH is passed over for one that may open it', async () => {
    const { folder, search } = await createSearch('6.0.2');
    await putProgram(`${folder}/path`, '7.0.1');
    expect((await findServer(kindFetching('6.0.5'), search)).version).toBe('6.0.5');
  });

  it('a program that was fetched: found in the cache from then on', async () => {
    const { search } = await createSearch();
    const fetched = await findServer(kindFetching('6.0.5'), search);
    expect(await findServer(OUT_OF_REACH, search)).toEqual(fetched);
  });

  it('several set-ups at once: all get the program, and nothing half-fetched stays', async () => {
    const { search } = await createSearch();
    const kind = kindFetching('6.0.5');
    const found = await Promise.all([1, 2, 3, 4].map(() => findServer(kind, search)));
    expect(new Set(found.map(({ path }) => path)).size).toBe(1);
    expect(await readdir(search.cacheFolder)).toEqual(['mongod-6.0.5']);
  });

  it('what was fetched does not run here: not kept, and the reason is named', async () => {
    const { search } = await createSearch();
    const fetch = async (folder: string) => {
      await putProgram(folder, '6.0.5');
      await writeFile(join(folder, 'mongod'), '#!/bin/sh\necho "wrong libc" >&2; exit 1\n');
    };
    const kind = { ...MONGODB, sources: [{ name: 'the shop', fetch }] };
    await expect(findServer(kind, search)).rejects.toThrow(
      /the shop: does not run here: wrong libc/,
    );
    expect(await readdir(search.cacheFolder)).toEqual([]);
  });
});
