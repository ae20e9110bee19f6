import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anyFreePort } from '../../src/infra/embedded/ports.ts';
import { type EmbeddedOptions, startEmbedded } from '../../src/infra/embedded/start-embedded.ts';
import { createTestFolder } from '../support/folder.ts';
import { waitFor } from '../support/wait-for.ts';

type Addresses = { readonly mongodbUri: string; readonly redisUrl: string };

async function start(options: EmbeddedOptions) {
  const servers = await startEmbedded(options);
  onTestFinished(() => servers.stop());
  return servers;
}

async function write({ mongodbUri, redisUrl }: Addresses) {
  const { client, redis } = await connect({ mongodbUri, redisUrl });
  const writeConcern = { w: 'majority', j: true } as const;
  await client.db().collection('notes').insertOne({ text: 'kept' }, { writeConcern });
  await redis.set('note', 'kept');
  await Promise.all([client.close(), redis.quit()]);
}

async function read({ mongodbUri, redisUrl }: Addresses) {
  const { client, redis } = await connect({ mongodbUri, redisUrl });
  const note = await client.db().collection('notes').findOne({});
  const value = await redis.get('note');
  await Promise.all([client.close(), redis.quit()]);
  return [note?.text, value];
}

async function connect({ mongodbUri, redisUrl }: Addresses) {
  const client = await new MongoClient(mongodbUri).connect();
  return { client, redis: new Redis(redisUrl) };
}

/** Whether either server still listens. */
async function isAnyUp({ mongodbUri, redisUrl }: Addresses): Promise<boolean> {
  const ports = [mongodbUri, redisUrl].map((url) => Number(/:(\d+)/.exec(url.slice(10))?.[1]));
  const free = await Promise.all(
    ports.map((port) => occupy(port).then((server) => server?.close())),
  );
  return free.includes(undefined);
}

async function occupy(port: number) {
  const server = createServer().listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  );
}

async function startInProcess(dataDir: string): Promise<{ child: ChildProcess } & Addresses> {
  const script = fileURLToPath(new URL('../support/embedded-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, ...JSON.parse(line) };
}

describe('embedded servers', () => {
  it('a second start on the same folder: the data, the ports and the servers are the same', async () => {
    const dataDir = await createTestFolder();
    const first = await start({ dataDir });
    await write(first);
    await first.stop();
    await first.stop();
    expect(await isAnyUp(first)).toBe(false);

    const second = await start({ dataDir });
    expect(await read(second)).toEqual(['kept', 'kept']);
    expect(second.mongodbUri).toBe(first.mongodbUri);
    expect(second.redisUrl).toBe(first.redisUrl);
    expect(second.describe).toEqual(first.describe);
    expect(second.describe).toHaveLength(2);
  });

  it('MongoDB: takes transactions, which need a replica set', async () => {
    const servers = await start({ dataDir: await createTestFolder(), isKept: false });
    const { client, redis } = await connect(servers);
    await client.withSession((session) =>
      session.withTransaction(() =>
        client.db().collection('notes').insertOne({ text: 'both' }, { session }),
      ),
    );
    expect(await redis.config('GET', 'maxmemory-policy')).toContain('noeviction');
    await Promise.all([client.close(), redis.quit()]);
  });

  it('two starts on one folder at once: one runs, the other says who uses it', async () => {
    const dataDir = await createTestFolder();
    const both = await Promise.allSettled([start({ dataDir }), start({ dataDir })]);
    const refused = both.filter(({ status }) => status === 'rejected');
    expect(refused).toEqual([
      expect.objectContaining({
        reason: expect.objectContaining({
          message: expect.stringMatching(/is in use by process \d+.*DATA_DIR/),
        }),
      }),
    ]);
    const winner = both.find((result) => result.status === 'fulfilled');
    if (winner !== undefined) await write(winner.value);
  });

  it('the port of MongoDB taken by others: it moves, keeps its data, and stays there', async () => {
    const dataDir = await createTestFolder();
    const first = await start({ dataDir });
    await write(first);
    await first.stop();
    const other = await occupy(Number(new URL(first.mongodbUri).port));
    const said: string[] = [];
    const second = await start({ dataDir, onProgress: (line) => void said.push(line) });
    expect(second.mongodbUri).not.toBe(first.mongodbUri);
    expect(said).toContainEqual(expect.stringMatching(/port \d+ of MongoDB is taken .* moving to/));
    expect(await read(second)).toEqual(['kept', 'kept']);
    await write(second);
    await second.stop();
    other?.close();
    const third = await start({ dataDir });
    expect(third.mongodbUri).toBe(second.mongodbUri);
    expect(await read(third)).toEqual(['kept', 'kept']);
  }, 60_000);

  it('a move that was cut short after the record was written: the next start ends it', async () => {
    const dataDir = await createTestFolder();
    const first = await start({ dataDir });
    await write(first);
    await first.stop();
    const file = `${dataDir}/servers.json`;
    const record = JSON.parse(await readFile(file, 'utf8'));
    record.mongodb.port = await anyFreePort();
    await writeFile(file, JSON.stringify(record));
    expect(await read(await start({ dataDir }))).toEqual(['kept', 'kept']);
  }, 60_000);

  it('a first start that ends while MongoDB makes its data: the next one starts', async () => {
    const dataDir = await createTestFolder();
    const ending = new AbortController();
    const first = startEmbedded({ dataDir, signal: ending.signal });
    const hasData = async () => (await readdir(`${dataDir}/mongodb`).catch(() => [])).length > 0;
    await Promise.all([
      waitFor('data of MongoDB', hasData).then(() => ending.abort()),
      first.then(
        ({ stop }) => stop(),
        () => undefined,
      ),
    ]);
    await write(await start({ dataDir }));
  });

  it('everything in the data folder is for its owner alone', async () => {
    const folder = await createTestFolder();
    const dataDir = `${folder}/data`;
    await write(await start({ dataDir }));
    const names = ['', ...(await readdir(dataDir, { recursive: true }))];
    const open = await Promise.all(
      names.map(async (name) => {
        // Files of the servers come and go.
        const found = await stat(`${dataDir}/${name}`).catch(() => undefined);
        return found !== undefined && (found.mode & 0o077) !== 0 ? [name] : [];
      }),
    );
    expect(names.length).toBeGreaterThan(10);
    expect(open.flat()).toEqual([]);
  });

  it('the port of Valkey taken by others: it moves, and keeps its data', async () => {
    const dataDir = await createTestFolder();
    const first = await start({ dataDir });
    await write(first);
    await first.stop();
    const other = await occupy(Number(new URL(first.redisUrl).port));
    const second = await start({ dataDir });
    expect(second.redisUrl).not.toBe(first.redisUrl);
    expect(await read(second)).toEqual(['kept', 'kept']);
    other?.close();
  });

  it('data of another server version: refused with both versions and the ways out', async () => {
    const dataDir = await createTestFolder();
    const first = await start({ dataDir });
    await first.stop();
    const file = `${dataDir}/servers.json`;
    const record = JSON.parse(await readFile(file, 'utf8'));
    record.mongodb.version = '5.0.1';
    await writeFile(file, JSON.stringify(record));
    await expect(startEmbedded({ dataDir })).rejects.toThrow(
      /written by MongoDB 5\.0\.1.*Ways out.*MONGODB_URI.*DATA_DIR/s,
    );
  });

  it('both addresses given: nothing is started and no folder is made', async () => {
    const given = { mongodbUri: 'mongodb://db', redisUrl: 'redis://queue' };
    const servers = await startEmbedded({ dataDir: '/nonexistent/folder', ...given });
    expect(servers).toMatchObject({ ...given, describe: [] });
    await servers.stop();
  });

  it('the process asked to end, or crashing: no server outlives it', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR2'] as const) {
      const { child, ...addresses } = await startInProcess(await createTestFolder());
      child.kill(signal);
      await waitFor(`the servers to end after ${signal}`, async () => !(await isAnyUp(addresses)));
    }
  });

  it('the process killed outright: the next start on its folder works and has the data', async () => {
    const dataDir = await createTestFolder();
    const { child, ...addresses } = await startInProcess(dataDir);
    await write(addresses);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await start({ dataDir });
    expect(await read(next)).toEqual(['kept', 'kept']);
    expect(next.mongodbUri).toBe(addresses.mongodbUri);
  });

  it('a server that ends by itself: the loss is reported', async () => {
    const dataDir = await createTestFolder();
    let lost: string | undefined;
    await start({
      dataDir,
      isKept: false,
      onServerLost: (what) => {
        lost = what;
      },
    });
    const { pid } = JSON.parse(await readFile(`${dataDir}/valkey.pid`, 'utf8'));
    process.kill(pid, 'SIGKILL');
    expect(await waitFor('the report', () => lost)).toMatch(/embedded .* ended: signal SIGKILL/);
  });
});
