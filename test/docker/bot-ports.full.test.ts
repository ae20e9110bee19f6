// Where a bot of a pool listens, as its own files say on real containers: its config and its program's definition, which must
// not contradict each other. What is there and cannot be read is no guess.

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { call, itemsOf, locateOne, newUid, poolOf } from '../contracts/bots.ts';
import { startTestApplication } from '../support/application.ts';
import { findingsOf, readPoolState } from '../support/deletions.ts';
import { describeDocker, programConf, runPool, testDocker } from '../support/docker.ts';
import { emptyPool } from '../support/provisions.ts';
import { skippedOf, syncWallet } from '../support/syncs.ts';
import { allocation, putUser } from '../support/users.ts';
import { createDockerWorld } from './bots-world.ts';

const SLEEP = '/bin/sleep 100000';
const SLOW_MS = 120_000;

interface Files {
  /** What is done in the pool, by a shell in the bot's folder, which is there. */
  readonly script?: string;
  /** The port of a proper config. */
  readonly port?: number;
  readonly command?: string;
  readonly environment?: string;
}

/** A bot of a pool with these files. */
async function readPortOf({ script, port, command = SLEEP, environment }: Files) {
  const { bots } = await createDockerWorld();
  const uid = newUid();
  const instanceId = `${uid}-bot-1`;
  const program = { name: `bot-${instanceId}`, command };
  const conf = programConf(program);
  const pool = await runPool({
    name: poolOf(uid),
    programs: [{ ...program, ...(port === undefined ? {} : { port }) }],
  });
  if (environment !== undefined) {
    const line = `printf '%s' '${conf}environment=${environment}\n' > /pool/supervisor/${program.name}.conf`;
    expect(await pool.exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
  }
  if (script !== undefined) {
    const folder = `/pool/bots/${instanceId}`;
    const line = `mkdir -p ${folder} && cd ${folder} && ${script}`;
    expect(await pool.exec(['sh', '-c', line])).toMatchObject({ exitCode: 0 });
  }
  const observed = await locateOne(bots, uid);
  if (observed.kind !== 'pooled') throw new Error('it is in no pool');
  return itemsOf(await bots.readPort(instanceId, observed, call()));
}

describeDocker('the port of a bot on real containers', () => {
  it.each<[string, Files]>([
    ['its config', { port: 9007 }],
    [
      'the environment of its program',
      { environment: 'FREQTRADE__API_SERVER__LISTEN_PORT="9007"' },
    ],
    ['the command of its program', { command: `/bin/sh -c "exec ${SLEEP}" --port 9007` }],
    [
      'config and program alike',
      { port: 9007, environment: 'FREQTRADE__API_SERVER__LISTEN_PORT="9007"' },
    ],
  ])(
    'named by %s: read',
    async (_, files) => {
      expect(await readPortOf(files)).toEqual({ status: 'read', port: 9007 });
    },
    SLOW_MS,
  );

  it.each<[string, Files, readonly number[] | null]>([
    ['nothing, without a config: it may be any', {}, null],
    ['nothing in its config: it has none', { script: "echo '{}' > config.json" }, []],
    [
      'two: it may be either',
      { port: 9001, environment: 'FREQTRADE__API_SERVER__LISTEN_PORT="9007"' },
      [9001, 9007],
    ],
    [
      'a text: it may be what that says',
      { script: `echo '{"api_server":{"listen_port":"9007"}}' > config.json` },
      [9007],
    ],
  ])(
    'named is %s',
    async (_, files, ports) => {
      expect(await readPortOf(files)).toMatchObject({ status: 'unreadable', ports });
    },
    SLOW_MS,
  );

  it.each<[string, Files, string]>([
    [
      'config and program differently',
      { port: 9001, environment: 'FREQTRADE__API_SERVER__LISTEN_PORT="9007"' },
      'more than one port',
    ],
    [
      'a config that is no number',
      { script: `echo '{"api_server":{"listen_port":"9007"}}' > config.json` },
      'no port',
    ],
    [
      'a config that is torn',
      { script: `echo '{"api_server":{"listen_po' > config.json` },
      'no JSON object',
    ],
    ['a config that is a link', { script: 'ln -s /etc/passwd config.json' }, 'no JSON object'],
    [
      'a config of two megabytes',
      { script: 'head -c 2000000 /dev/zero > config.json' },
      'more than',
    ],
  ])(
    'named by %s: unreadable, and the reason quotes no file',
    async (_, files, reason) => {
      const reading = await readPortOf(files);
      expect(reading).toMatchObject({
        status: 'unreadable',
        reason: expect.stringContaining(reason),
      });
      expect(JSON.stringify(reading)).not.toMatch(/listen_po|root:/);
    },
    SLOW_MS,
  );

  it(
    'lost by the pool state: made again at the port of its config, not at the first free one; without a config, reported',
    async () => {
      const uid = `uid-${randomBytes(4).toString('hex')}`;
      const poolState = {
        pools: { [`${uid}-pool-1`]: emptyPool({ uid }) },
        botMapping: {},
        nextPoolId: 2,
      };
      const docker = { BOT_RUNTIME: 'docker', DOCKER_HOSTS: `test=unix://${testDocker().socket}` };
      const app = await startTestApplication({ env: docker, poolState });
      const [told, silent] = [`${uid}-bot-1`, `${uid}-bot-2`];
      const bots = { [told]: allocation(100, 110), [silent]: allocation(100, 110) };
      await putUser(app.db, { balance: 50, bots, firebaseUid: uid });
      await runPool({
        name: poolOf(uid),
        programs: [
          { name: `bot-${told}`, command: SLEEP, port: 9002 },
          { name: `bot-${silent}`, command: SLEEP },
        ],
      });
      const reply = await syncWallet(app, uid);
      expect(skippedOf(reply)).toEqual({ [silent]: 'port-unknown' });
      const { pools, botMapping } = await readPoolState(app);
      expect(botMapping).toMatchObject({ [told]: { port: 9002, slotIndex: 0 } });
      expect(Object.keys(botMapping)).toEqual([told]);
      expect(botMapping[told]).not.toHaveProperty('host');
      expect(pools[`${uid}-pool-1`]?.bots).toEqual([told]);
      expect(await findingsOf(app, 'unmapped-bot')).toMatchObject([
        { instanceId: silent, discriminator: 'port-unknown', observed: 1 },
      ]);
    },
    SLOW_MS,
  );
});
