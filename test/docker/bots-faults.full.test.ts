// Docker that hangs, breaks off or refuses, and bots that do not behave: deadlines hold, and nothing that
// could not be established is ever called absent or done.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { InDoubtError, UnavailableError } from '../../packages/saga/src/errors.ts';
import { createDockerBots } from '../../src/bots/docker/docker-bots.ts';
import { isAtRest, type ObservedBot } from '../../src/domain/bot.ts';
import {
  call,
  itemsOf,
  locateOne,
  newUid,
  observe,
  poolOf,
  query,
  queryFor,
} from '../contracts/bots.ts';
import { describeDocker, runDedicated, runPool, testDocker } from '../support/docker.ts';
import { listAll } from '../support/list-all.ts';
import { waitFor } from '../support/wait-for.ts';
import { createDockerProxy } from './bots-proxy.ts';
import { createDockerWorld, slowScript } from './bots-world.ts';

/** Short enough for a test, long enough for a busy machine to answer what is not disturbed. */
const DEADLINES = { readMs: 1_500, changeMs: 1_500, commandMs: 4_000, stopGraceSeconds: 1 };

describeDocker('bots in a docker that fails', () => {
  for (const kind of ['unix', 'tcp'] as const) {
    test(`a daemon behind ${kind} that never answers: unknown when the deadline is over`, async () => {
      const proxy = await createDockerProxy(testDocker().socket, kind);
      const { bots } = await createDockerWorld(proxy.endpoint, { readMs: 1_000 });
      expect(itemsOf(await bots.locate(queryFor(newUid()), call()))).toEqual([]);
      proxy.disturb(/^/, 'swallow');
      const answer = await bots.locate(queryFor(newUid()), call());
      expect(answer).toMatchObject({ status: 'unknown', reason: expect.stringMatching(/1000 ms/) });
    });
  }

  test('a listing that breaks off: unknown, wherever it breaks', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addDedicated } = await createDockerWorld(proxy.endpoint, { readMs: 1_000 });
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    for (const cutAfterBytes of [1, 40, 250, 600]) {
      proxy.disturb(/^GET \/containers\/json/, { cutAfterBytes });
      expect((await bots.locate(queryFor(uid), call())).status).toBe('unknown');
      const [listing] = await listAll(bots, uid);
      expect(listing?.answer.status).toBe('unknown');
      proxy.calm();
      // The circuit may have opened: it closes with the next probe.
      await waitFor('the host to answer', async () => {
        const answer = await bots.locate(queryFor(uid), call());
        return answer.status === 'ok' && answer.items.length === 1;
      });
    }
  });

  test('a conf folder or a status that breaks off: unknown, never absent', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addPool } = await createDockerWorld(proxy.endpoint, DEADLINES);
    const uid = newUid();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    for (const [request, cutAfterBytes] of [
      // First, while no session is kept.
      [/^POST \/exec\/.*\/start/, 200],
      [/^ls /, 0],
      [/^ls /, 30],
      [/^status/, 0],
      [/^status/, 30],
    ] as const) {
      proxy.disturb(request, { cutAfterBytes });
      expect((await bots.locate(queryFor(uid), call())).status).toBe('unknown');
      proxy.calm();
      expect(await locateOne(bots, uid)).toMatchObject({ program: 'RUNNING' });
    }
  });

  test('a stop whose request is swallowed: in doubt, and it did not happen', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addDedicated } = await createDockerWorld(proxy.endpoint, DEADLINES);
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    proxy.disturb(/^POST .*\/stop/, 'swallow');
    const stop = bots.stop(`${uid}-bot-1`, captured, call());
    await expect(stop).rejects.toMatchObject({ code: 'DOCKER_TIMEOUT' });
    await expect(stop).rejects.toBeInstanceOf(InDoubtError);
    expect(await observe(bots, uid, captured)).toMatchObject({
      running: true,
      restartPolicy: 'no',
    });
  });

  test('a stop whose answer is lost or broken off: in doubt, and it did happen', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addDedicated } = await createDockerWorld(proxy.endpoint, DEADLINES);
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    for (const how of ['lose-answer', 'drop'] as const) {
      proxy.disturb(/^POST .*\/stop/, how);
      const stop = bots.stop(`${uid}-bot-1`, captured, call());
      await expect(stop).rejects.toBeInstanceOf(InDoubtError);
      await waitFor('the stop to happen', async () => {
        const observed = await observe(bots, uid, captured);
        return observed !== null && isAtRest(observed);
      });
      proxy.calm();
      await bots.restore(`${uid}-bot-1`, captured, call());
    }
  });

  test("a program's stop whose answer is lost: in doubt, a repeat ends it", async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addPool } = await createDockerWorld(proxy.endpoint, {
      ...DEADLINES,
      programMs: 1_000,
    });
    const uid = newUid();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    const captured = await locateOne(bots, uid);
    for (const how of ['lose-answer', 'drop'] as const) {
      proxy.disturb(/^stop /, how);
      const stop = bots.stop(`${uid}-bot-1`, captured, call());
      await expect(stop).rejects.toBeInstanceOf(InDoubtError);
      proxy.calm();
      await bots.stop(`${uid}-bot-1`, captured, call());
      expect(await observe(bots, uid, captured)).toMatchObject({
        conf: 'aside',
        program: 'absent',
      });
      await bots.restore(`${uid}-bot-1`, captured, call());
      expect(await observe(bots, uid, captured)).toEqual(captured);
    }
  });

  test('a host that goes away and comes back: unavailable at once meanwhile, then announced', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addDedicated } = await createDockerWorld(proxy.endpoint, DEADLINES);
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    const back: string[] = [];
    bots.onHostBack((name) => back.push(name));
    bots.open();
    await proxy.stop();
    await waitFor('the circuit to open', async () => {
      expect((await bots.observe(`${uid}-bot-1`, captured, call())).status).toBe('unknown');
      return bots.hostStates()[0]?.circuit === 'open';
    });
    const stop = bots.stop(`${uid}-bot-1`, captured, call());
    await expect(stop).rejects.toBeInstanceOf(UnavailableError);
    await expect(stop).rejects.toMatchObject({ code: 'DOCKER_UNREACHABLE' });
    expect(back).toEqual([]);
    await proxy.start();
    await waitFor('the host to be announced', () => back.length > 0);
    expect(bots.hostStates()).toMatchObject([{ name: 'test', circuit: 'closed' }]);
    expect(await observe(bots, uid, captured)).toEqual(captured);
  });

  test('a host that is back, asked by many at once: one of them asks it, all get its answer', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots } = await createDockerWorld(proxy.endpoint, DEADLINES);
    const uid = newUid();
    await proxy.stop();
    await waitFor('the circuit to open', async () => {
      await bots.locate(queryFor(uid), call());
      return bots.hostStates()[0]?.circuit === 'open';
    });
    await proxy.start();
    // Nobody pings here: the calls themselves are the probe, at most one a second.
    await waitFor('an observation that gets an answer', async () => {
      const observations = [1, 2, 3, 4].map(() => bots.locate(queryFor(uid), call()));
      const answers = new Set((await Promise.all(observations)).map(({ status }) => status));
      expect(answers.size).toBe(1);
      return answers.has('ok');
    });
    expect(proxy.requests.filter((line) => line.includes('/_ping'))).toHaveLength(1);
  });

  test('every change: the fence is asked right before it is sent, and for nothing else', async () => {
    const proxy = await createDockerProxy(testDocker().socket);
    const { bots, addDedicated, addPool } = await createDockerWorld(proxy.endpoint, DEADLINES);
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-2`]: 'RUNNING' } });
    const fencedAt: number[] = [];
    const fencing = {
      ...call(),
      fence: async () => {
        fencedAt.push(proxy.requests.length);
      },
    };
    const changesOf = async (id: string, run: (observed: ObservedBot) => Promise<unknown>) => {
      const observed = await locateOne(bots, uid, id);
      fencedAt.length = 0;
      await run(observed);
      return fencedAt.map((at) => proxy.requests[at]?.replaceAll(/[0-9a-f]{64}/g, 'ID'));
    };
    const ids = [`${uid}-bot-1`, `${uid}-bot-2`] as const;
    const captured = await locateOne(bots, uid, ids[0]);
    expect(await changesOf(ids[0], (observed) => bots.stop(ids[0], observed, fencing))).toEqual([
      'POST /containers/ID/update',
      'POST /containers/ID/stop?t=1',
    ]);
    expect(await changesOf(ids[0], () => bots.restore(ids[0], captured, fencing))).toEqual([
      'POST /containers/ID/update',
      'POST /containers/ID/start',
    ]);
    expect(await changesOf(ids[0], (observed) => bots.remove(ids[0], observed, fencing))).toEqual([
      'POST /containers/ID/update',
      'POST /containers/ID/stop?t=1',
      'DELETE /containers/ID?v=false&force=false',
    ]);
    // The conf file put aside, the program stopped, and taken out of supervisord.
    const folder = '/pool/supervisor';
    const name = `bot-${ids[1]}`;
    const stop = await changesOf(ids[1], (observed) => bots.stop(ids[1], observed, fencing));
    expect(stop).toEqual([
      expect.stringContaining(`mv -f -- ${folder}/${name}.conf ${folder}/${name}.conf.reclaimed `),
      `stop ${name}`,
      `remove ${name}`,
    ]);
    expect(await changesOf(ids[1], (observed) => bots.remove(ids[1], observed, fencing))).toEqual([
      expect.stringContaining(`rm -f -- ${folder}/${name}.conf ${folder}/${name}.conf.reclaimed `),
    ]);
  });

  test('DOCKER_HOST names another daemon: the configured host is asked', async () => {
    vi.stubEnv('DOCKER_HOST', 'tcp://127.0.0.1:9');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const bots = createDockerBots({
      hosts: [{ name: 'a', options: { socketPath: testDocker().socket } }],
      now: () => new Date(),
    });
    onTestFinished(() => bots.close());
    expect(itemsOf(await bots.locate(queryFor(newUid()), call()))).toEqual([]);
  });
});

describeDocker('bots that do not behave', () => {
  test('a program whose owner gives it longer than our calls take: they wait for it', async () => {
    const { bots, wasKilled } = await createDockerWorld(undefined, {
      programMs: 1_000,
      maxStopSeconds: 20,
    });
    const uid = newUid();
    const id = `${uid}-bot-1`;
    const script = slowScript({ needsSeconds: 3 }, `/pool/bots/${id}.ended`);
    const command = `/bin/sh -c "${script}"`;
    const program = { name: `bot-${id}`, command, stopWaitSeconds: 15 };
    await runPool({ name: poolOf(uid), programs: [program] });
    const captured = await locateOne(bots, uid);
    await bots.stop(id, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
    expect(await wasKilled(id)).toBe(false);
  });

  test('a bot that crashes and is restarted for ever: counts as running, and can be stopped', async () => {
    const { bots } = await createDockerWorld();
    const { docker, botImage } = testDocker();
    const uid = newUid();
    const name = `freqtrade-${uid}-bot-1`;
    const container = await docker.createContainer({
      name,
      Image: botImage,
      Cmd: ['/bin/false'],
      HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
    });
    onTestFinished(() => container.remove({ force: true }));
    await container.start();
    // The daemon waits longer before each restart: from the fifth on, more than a second.
    const captured = await waitFor('a wait before a restart', async () => {
      const { State: state, RestartCount: restarts } = await container.inspect();
      return restarts >= 4 && state.Restarting && locateOne(bots, uid);
    });
    expect(captured).toMatchObject({ running: true, restartPolicy: 'always' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    const stopped = await observe(bots, uid, captured);
    expect(stopped).toMatchObject({ running: false, restartPolicy: 'no' });
  });

  test('a restart policy with a retry count: the count is restored too', async () => {
    const { bots } = await createDockerWorld();
    const uid = newUid();
    const { container } = await runDedicated({ name: `freqtrade-${uid}-bot-1` });
    await container.update({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } });
    const captured = await locateOne(bots, uid);
    expect(captured).toMatchObject({ restartPolicy: 'on-failure:5' });
    await bots.stop(`${uid}-bot-1`, captured, call());
    await bots.restore(`${uid}-bot-1`, captured, call());
    expect((await container.inspect()).HostConfig.RestartPolicy).toEqual({
      Name: 'on-failure',
      MaximumRetryCount: 5,
    });
  });

  test('several removals of one container at once: all succeed when it is gone', async () => {
    const { bots, addDedicated } = await createDockerWorld();
    const uid = newUid();
    await addDedicated({ instanceId: `${uid}-bot-1` });
    const captured = await locateOne(bots, uid);
    const removals = [1, 2, 3, 4, 5].map(() => bots.remove(`${uid}-bot-1`, captured, call()));
    await Promise.all(removals);
    expect(await observe(bots, uid, captured)).toBeNull();
  });

  test('a program that takes its time to stop: in doubt at the deadline, and not at rest', async () => {
    const { bots } = await createDockerWorld(undefined, { programMs: 1_000 });
    const uid = newUid();
    await runPool({
      name: poolOf(uid),
      programs: [
        {
          name: `bot-${uid}-bot-1`,
          command: `/bin/sh -c "trap '' TERM; while :; do sleep 1; done"`,
          stopWaitSeconds: 8,
        },
      ],
    });
    const captured = await locateOne(bots, uid);
    const stop = bots.stop(`${uid}-bot-1`, captured, call());
    await expect(stop).rejects.toBeInstanceOf(InDoubtError);
    const observed = await observe(bots, uid, captured);
    expect(observed).toMatchObject({ conf: 'aside', program: 'STOPPING' });
    expect(observed !== null && isAtRest(observed)).toBe(false);
    await waitFor('supervisord to kill it', async () => {
      const now = await observe(bots, uid, captured);
      return now !== null && isAtRest(now);
    });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
  });

  test('a paused pool: it cannot be asked, so nothing in it is absent', async () => {
    const { bots } = await createDockerWorld();
    const uid = newUid();
    const { container } = await runPool({ name: poolOf(uid), programs: [] });
    expect(itemsOf(await bots.locate(queryFor(uid), call()))).toEqual([]);
    await container.pause();
    expect((await bots.locate(queryFor(uid), call())).status).toBe('unknown');
    await container.unpause();
  });

  test('a conf folder that is missing: unknown, in a running pool and in a stopped one', async () => {
    const { docker, socket } = testDocker();
    const uid = newUid();
    await runPool({ name: poolOf(uid), programs: [] });
    const bots = createDockerBots({
      hosts: [{ name: 'test', options: { socketPath: socket } }],
      now: () => new Date(),
      supervisorConfDir: '/pool/nowhere',
    });
    onTestFinished(() => bots.close());
    expect((await bots.locate(queryFor(uid), call())).status).toBe('unknown');
    await docker.getContainer(poolOf(uid)).stop({ t: 0 });
    expect((await bots.locate(queryFor(uid), call())).status).toBe('unknown');
  });

  test('a pool made again under its name with its folder: the bot in it is not gone', async () => {
    const { bots } = await createDockerWorld();
    const { docker } = testDocker();
    const poolDir = await mkdtemp(join(tmpdir(), 'bots-pool-'));
    onTestFinished(() => rm(poolDir, { recursive: true, force: true }));
    for (const folder of ['supervisor', 'bots', 'logs']) await mkdir(join(poolDir, folder));
    const uid = newUid();
    const programs = [{ name: `bot-${uid}-bot-1`, command: '/bin/sleep 100000' }];
    await runPool({ name: poolOf(uid), programs, poolDir });
    const captured = await locateOne(bots, uid);
    await docker.getContainer(poolOf(uid)).stop({ t: 0 });
    expect(await observe(bots, uid, captured)).toMatchObject({
      poolRunning: false,
      conf: 'present',
    });
    await docker.getContainer(poolOf(uid)).remove({ force: true });
    expect(await observe(bots, uid, captured)).toBeNull();
    await runPool({ name: poolOf(uid), programs, poolDir });
    expect(await observe(bots, uid, captured)).toMatchObject({
      conf: 'present',
      program: 'RUNNING',
    });
    await bots.remove(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toBeNull();
  });

  test('a conf file that the platform writes again: the next stop puts it aside again', async () => {
    const { bots, addPool } = await createDockerWorld();
    const { docker } = testDocker();
    const uid = newUid();
    await addPool({ name: poolOf(uid), bots: { [`${uid}-bot-1`]: 'RUNNING' } });
    const captured = await locateOne(bots, uid);
    await bots.stop(`${uid}-bot-1`, captured, call());
    const conf = `/pool/supervisor/bot-${uid}-bot-1.conf`;
    const exec = await docker
      .getContainer(poolOf(uid))
      .exec({ Cmd: ['cp', `${conf}.reclaimed`, conf] });
    await exec.start({ Detach: true });
    await waitFor('the conf file to be back', async () => {
      const observed = await observe(bots, uid, captured);
      return observed?.kind === 'pooled' && observed.conf === 'present';
    });
    await bots.stop(`${uid}-bot-1`, captured, call());
    expect(await observe(bots, uid, captured)).toMatchObject({ conf: 'aside', program: 'absent' });
  });

  test("a pool container with one bot's label: nothing is touched, and nobody is told it is absent", async () => {
    const { bots } = await createDockerWorld();
    const uid = newUid();
    const labels = { 'reclaim.managed': 'true', 'reclaim.instance-id': `${uid}-bot-1` };
    await runPool({ name: poolOf(uid), programs: [], labels });
    expect((await bots.locate(query(uid, `${uid}-bot-1`), call())).status).toBe('unknown');
  });
});
