// The pool state file between processes: real ones, killed and stopped with real signals.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { SagaError } from '../../packages/saga/src/errors.ts';
import type { PoolState } from '../../src/pool-state/pool-state.ts';
import { countUp, isDone, mutate, noFence, startPoolChild } from '../support/pool-changes.ts';
import { createPoolFileFolder } from '../support/pool-file.ts';
import { samplePoolState } from '../support/pool-state-samples.ts';
import { waitFor } from '../support/wait-for.ts';

const GIVEN_UP = ['POOL_STATE_CONTENDED', 'POOL_STATE_WRITE_IN_DOUBT'];

test('two processes with 200 changes each: none is lost, only free locks are left', async () => {
  const folder = await createPoolFileFolder(samplePoolState(9));
  const children = [
    startPoolChild('count', folder.file, 200),
    startPoolChild('count', folder.file, 200),
  ];
  await Promise.all(children.map(isDone));
  expect((await folder.stored()).nextPoolId).toBe(401);
  expect(await folder.names()).toEqual(['.container-pool-state.json']);
});

test('the holder of the lock is killed: four others go on at once, none loses a change (I5)', async () => {
  const folder = await createPoolFileFolder(samplePoolState(9));
  const holder = startPoolChild('hold', folder.file);
  await says(holder, 'holding');
  const others = [1, 2, 3].map(() => startPoolChild('count', folder.file, 20));
  const states = folder.open();
  const own = mutate(states, countUp);
  holder.kill('SIGKILL');
  await Promise.all([own, ...others.map(isDone)]);
  expect((await folder.stored()).nextPoolId).toBe(62);
  await states.close();
  expect(await folder.names()).toEqual(['.container-pool-state.json']);
});

test('a writer is killed between its write and the rename: the file is whole, and the next one tidies up', async () => {
  // Large, so that the new file takes a while to write.
  const folder = await createPoolFileFolder(samplePoolState(9_000));
  const before = await readFile(folder.file);
  const writer = startPoolChild('count', folder.file, 100_000);
  const isAtIt = () => readdirSync(dirname(folder.file)).some((name) => name.includes('.tmp-'));
  await waitFor('the new file beside the old one', async () => {
    // Without a pause: the file is there for some milliseconds only.
    const end = performance.now() + 200;
    while (performance.now() < end) if (isAtIt()) return writer.kill('SIGKILL');
    return false;
  });
  await once(writer, 'exit');
  const { nextPoolId, ...rest } = await folder.stored();
  const given = JSON.parse(before.toString('utf8'));
  expect(nextPoolId).toBeGreaterThanOrEqual(given.nextPoolId);
  expect(rest).toEqual({ ...rest, pools: given.pools, botMapping: given.botMapping });
  const states = folder.open();
  await mutate(states, countUp);
  expect((await folder.stored()).nextPoolId).toBe((nextPoolId ?? 0) + 1);
  await states.close();
  expect(await folder.names()).toEqual(['.container-pool-state.json']);
});

test('the holder is alive but stopped for longer than the wait: it keeps the lock, and ends its write', async () => {
  const folder = await createPoolFileFolder(samplePoolState(9));
  const holder = startPoolChild('hold', folder.file);
  await says(holder, 'holding');
  holder.kill('SIGSTOP');
  const impatient = folder.open({ lockTimeoutMs: 100 });
  await expect(mutate(impatient, countUp)).rejects.toMatchObject({ code: 'POOL_STATE_LOCKED' });
  expect((await folder.stored()).nextPoolId).toBe(1);
  holder.kill('SIGCONT');
  holder.send('go on');
  await isDone(holder);
  await mutate(impatient, countUp);
  expect((await folder.stored()).nextPoolId).toBe(3);
  expect(impatient.counts().deadHolders).toBe(0);
});

test('a caller gives up while another process holds the lock: refused, and the queue is empty again', async () => {
  const folder = await createPoolFileFolder(samplePoolState(3));
  const holder = startPoolChild('hold', folder.file);
  await says(holder, 'holding');
  const states = folder.open();
  const change = (s: PoolState) => ({ ...s, nextPoolId: 99 });
  const refusal = states.mutate({ change, fence: noFence, signal: AbortSignal.timeout(50) });
  await expect(refusal).rejects.toMatchObject({ code: 'POOL_STATE_LOCKED' });
  holder.send('go on');
  await isDone(holder);
  expect((await folder.stored()).nextPoolId).toBe(2);
});

test('the name of a holder on another host: refused with the way to free it, and never removed', async () => {
  const folder = await createPoolFileFolder(samplePoolState(3));
  const holderPath = `${folder.file}.lock.holder`;
  await symlink('4@elsewhere', holderPath);
  const errors: unknown[] = [];
  const log = { warn: () => {}, error: (facts: unknown) => errors.push(facts) };
  const states = folder.open({ lockTimeoutMs: 50, log });
  await expect(mutate(states, countUp)).rejects.toMatchObject({
    code: 'POOL_STATE_LOCKED_BY_OTHER_HOST',
    message: expect.stringContaining(`remove ${holderPath}`),
  });
  const holder = { host: 'elsewhere', pid: 4 };
  expect(errors).toEqual([expect.objectContaining({ holder, holderPath })]);
  expect(await readlink(holderPath)).toBe('4@elsewhere');
});

test('a file that names no holder, or a lock file that is none: refused, and it stays', async () => {
  for (const end of ['.lock.holder', '.lock']) {
    const folder = await createPoolFileFolder(samplePoolState(3));
    await writeFile(
      `${folder.file}${end}`,
      'what a person has left here, long enough for a header',
    );
    const refusal = mutate(folder.open({ lockTimeoutMs: 50 }), countUp);
    await expect(refusal).rejects.toMatchObject({
      message: expect.stringMatching(
        /when no process uses it.*remove|remove.*when no process uses/,
      ),
    });
    expect(await readFile(`${folder.file}${end}`, 'utf8')).toMatch('a person has left');
    expect((await folder.stored()).nextPoolId).toBe(1);
  }
});

test('what a dead holder has left: removed by the next writer', async () => {
  const folder = await createPoolFileFolder(samplePoolState(3));
  const holder = startPoolChild('hold', folder.file);
  await says(holder, 'holding');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(await readlink(`${folder.file}.lock.holder`)).toMatch(`${holder.pid}@`);
  await writeFile(`${folder.file}.tmp-dead00000001`, '{"pools":');
  const states = folder.open();
  await mutate(states, countUp);
  await states.close();
  expect(states.counts().deadHolders).toBe(1);
  expect(await folder.names()).toEqual(['.container-pool-state.json']);
});

test('the platform rewrites the file all the time, without a lock: none of its writes is lost', async () => {
  const folder = await createPoolFileFolder(samplePoolState(9));
  const platform = startPoolChild('platform', folder.file);
  await says(platform, 'holding');
  const states = folder.open();
  let landed = 0;
  for (let i = 0; i < 150; i++) {
    await mutate(states, countUp).then(
      () => {
        landed += 1;
      },
      // A fight that is given up is allowed; a lost write is not, and the platform looks for that.
      (err: unknown) => expect(GIVEN_UP).toContain(err instanceof SagaError ? err.code : err),
    );
  }
  platform.send('enough');
  await isDone(platform);
  expect(landed).toBeGreaterThan(0);
  expect((await folder.stored()).beats).toBeGreaterThan(0);
});

async function says(child: ChildProcess, word: string): Promise<void> {
  expect((await once(child, 'message'))[0]).toBe(word);
}
