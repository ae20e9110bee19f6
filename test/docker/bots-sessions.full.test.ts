// The supervisorctls and shells that are kept in pool containers: what is saved by them, what happens when they, the pool
// or its supervisord go, and that none is left behind.

import { expect, onTestFinished, test } from 'vitest';
import type { Deadlines } from '../../src/bots/docker/deadlines.ts';
import { call, locateOne, newUid, observe, poolOf, queryFor } from '../contracts/bots.ts';
import { describeDocker, type PoolProgram, runPool, testDocker } from '../support/docker.ts';
import { waitFor } from '../support/wait-for.ts';
import { createDockerProxy } from './bots-proxy.ts';
import { createDockerWorld } from './bots-world.ts';

async function startPool(
  programs: readonly Omit<PoolProgram, 'name'>[],
  deadlines: Partial<Deadlines> = {},
) {
  const proxy = await createDockerProxy(testDocker().socket);
  const { bots } = await createDockerWorld(proxy.endpoint, deadlines);
  const uid = newUid();
  const ids = programs.map((_, index) => `${uid}-bot-${index + 1}`);
  const pool = await runPool({
    name: poolOf(uid),
    programs: programs.map((program, index) => ({ ...program, name: `bot-${ids[index]}` })),
  });
  /** Processes of ours inside the pool. */
  const ours = async () => {
    const { Processes: processes } = await pool.container.top();
    return processes.filter((words: string[]) => words.some((word) => OURS.test(word)));
  };
  const begun = () => proxy.requests.filter((line) => /^POST \/exec\/.*\/start/.test(line)).length;
  return { proxy, bots, uid, pool, ours, begun };
}

/** As `ps` shows them, under `timeout` or not. */
const OURS = /supervisorctl$|^(timeout \d+ )?sh$/;

const SLEEPS = { command: '/bin/sleep 100000' };
const ENDS_WHEN_LET_GO = {
  command: `/bin/sh -c "trap '' TERM; until test -e /tmp/let-go; do sleep 1; done"`,
};
const IGNORES_TERM = { command: `/bin/sh -c "trap '' TERM; while :; do sleep 1; done"` };

/** Not the shell that does it. */
const KILL_OURS = `cd /proc; for p in [0-9]*; do case $(cat $p/comm) in
  supervisorctl | sh | timeout) [ $p = $$ ] || kill -9 $p ;;
esac; done`;

describeDocker('sessions kept in a pool', () => {
  test('several observations and a stop: one of each, and none is left when the bots are closed', async () => {
    const { bots, uid, ours, begun } = await startPool([SLEEPS]);
    const captured = await locateOne(bots, uid);
    await observe(bots, uid, captured);
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
    // A supervisorctl and a shell.
    expect(begun()).toBe(2);
    expect(await ours()).not.toEqual([]);
    bots.close();
    await waitFor('the pool to be left alone', async () => (await ours()).length === 0);
  });

  test('nothing asked for a while: none is left', async () => {
    const { bots, uid, ours } = await startPool([SLEEPS]);
    await locateOne(bots, uid);
    await waitFor('the pool to be left alone', async () => (await ours()).length === 0, 30_000);
    expect(await locateOne(bots, uid)).toMatchObject({ program: 'RUNNING' });
  });

  test('it dies between two commands: the next observation and the next change use another', async () => {
    const { bots, uid, pool, ours } = await startPool([SLEEPS]);
    const captured = await locateOne(bots, uid);
    await pool.exec(['/bin/sh', '-c', KILL_OURS]);
    expect(await ours()).toEqual([]);
    expect(await observe(bots, uid, captured)).toEqual(captured);
    await pool.exec(['/bin/sh', '-c', KILL_OURS]);
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
  });

  test('the pool is restarted between two commands: the next observation asks the new supervisord', async () => {
    const { bots, uid, pool } = await startPool([SLEEPS]);
    const captured = await locateOne(bots, uid);
    await pool.container.restart({ t: 0 });
    await waitFor('the program to run again', async () => {
      const answer = await bots.observe(`${uid}-bot-1`, captured, call());
      const observed = answer.status === 'ok' ? answer.items : null;
      return observed?.kind === 'pooled' && observed.program === 'RUNNING';
    });
  });

  test('a stop that takes its time: another bot of the pool is stopped meanwhile', async () => {
    const slowOne = { ...ENDS_WHEN_LET_GO, stopWaitSeconds: 300 };
    const { bots, uid, pool } = await startPool([slowOne, SLEEPS], { programMs: 300_000 });
    const [slow, quick] = [`${uid}-bot-1`, `${uid}-bot-2`] as const;
    const [slowSeen, quickSeen] = [
      await locateOne(bots, uid, slow),
      await locateOne(bots, uid, quick),
    ];
    const stopping = bots.stop(slow, slowSeen, call());
    const isStopping = async () => {
      const observed = await observe(bots, uid, slowSeen);
      return observed?.kind === 'pooled' && observed.program === 'STOPPING';
    };
    await waitFor('the slow one to be asked to stop', isStopping);
    await bots.stop(quick, quickSeen, call());
    expect(await isStopping()).toBe(true);
    await pool.exec(['touch', '/tmp/let-go']);
    await stopping;
  });

  test('an answer that does not come in time: the next command gets its own', async () => {
    const slowOne = { ...IGNORES_TERM, stopWaitSeconds: 8 };
    const { bots, uid } = await startPool([slowOne, SLEEPS], { programMs: 1_000 });
    const [slow, quick] = [`${uid}-bot-1`, `${uid}-bot-2`] as const;
    const [slowSeen, quickSeen] = [
      await locateOne(bots, uid, slow),
      await locateOne(bots, uid, quick),
    ];
    const stop = bots.stop(slow, slowSeen, call());
    await expect(stop).rejects.toMatchObject({ code: 'DOCKER_TIMEOUT' });
    expect(await observe(bots, uid, slowSeen)).toMatchObject({ program: 'STOPPING' });
    await bots.stop(quick, quickSeen, call());
  });

  test('a frozen supervisord: unknown, and what hangs in the pool stays bounded', async () => {
    const { bots, uid, pool, ours } = await startPool([SLEEPS], { commandMs: 4_000 });
    const captured = await locateOne(bots, uid);
    await pool.container.kill({ signal: 'SIGSTOP' });
    onTestFinished(() => pool.container.kill({ signal: 'SIGCONT' }).catch(() => undefined));
    for (let round = 0; round < 2; round += 1) {
      const observations = [1, 2, 3, 4].map(() => bots.observe(`${uid}-bot-1`, captured, call()));
      for (const { status } of await Promise.all(observations)) expect(status).toBe('unknown');
    }
    // Of each kind, each a `timeout` and what it runs.
    expect((await ours()).length).toBeLessThanOrEqual(16);
    await pool.container.kill({ signal: 'SIGCONT' });
    await waitFor('an answer', async () => {
      const answer = await bots.observe(`${uid}-bot-1`, captured, call());
      return answer.status === 'ok';
    });
    expect(await observe(bots, uid, captured)).toEqual(captured);
    bots.close();
    await waitFor('the pool to be left alone', async () => (await ours()).length === 0);
  });

  test('an image without timeout: supervisorctl is asked without it', async () => {
    const { bots, uid, pool } = await startPool([SLEEPS]);
    await pool.exec(['rm', '/usr/bin/timeout']);
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ program: 'RUNNING' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
  });

  test('an image without supervisorctl: unknown, never absent', async () => {
    const { bots, uid, pool } = await startPool([]);
    await pool.exec(['rm', '/usr/bin/supervisorctl']);
    const answer = await bots.locate(queryFor(uid), call());
    expect(answer).toMatchObject({ status: 'unknown' });
  });

  test('a prompt of its own: learned', async () => {
    const { bots, uid, pool } = await startPool([SLEEPS]);
    const change = 's/^serverurl=.*/&\\nprompt=*** pool [1]/';
    await pool.exec(['sed', '-i', change, '/etc/supervisor/supervisord.conf']);
    expect(await locateOne(bots, uid)).toMatchObject({ program: 'RUNNING' });
  });
});
