// What the platform does to containers: by Docker's commands in a real pool, or in the simulated world.

import { isProgramName, programName } from '../../../src/bots/supervisor/program-names.ts';
import type { BotMapping } from '../../../src/pool-state/pool-state.ts';
import type { Stage } from '../../support/deletions.ts';
import { programConf, type RunningContainer, runPool } from '../../support/docker.ts';
import { waitFor } from '../../support/wait-for.ts';

export type Placed = Pick<BotMapping, 'instanceId' | 'containerName' | 'port'>;

export interface Programs {
  startPool(containerName: string): Promise<void>;
  /** Writes config and conf file, and has supervisord take them up. */
  start(bot: Placed): Promise<void>;
  restart(bot: Placed): Promise<void>;
  /** Supervisord's word; null: no such process. */
  status(bot: Placed): Promise<string | null>;
  /** Stop, remove, and its files. */
  remove(bot: Placed): Promise<void>;
  /** What the bot says that it is worth. */
  totalOf(bot: Placed): Promise<number | undefined>;
}

export function simulatedPrograms({ db, world }: Stage): Programs {
  const find = async (instanceId: string) =>
    (await world.snapshot()).pooled.find((bot) => bot.instanceId === instanceId);
  const status = async ({ instanceId }: Placed) => {
    const program = (await find(instanceId))?.program;
    return program === undefined || program === 'absent' ? null : program;
  };
  const remove = async ({ instanceId }: Placed) => {
    await db.collection('simulatedBots').deleteOne({ kind: 'pooled', instanceId });
  };
  return {
    startPool: (containerName) => world.addPool({ containerName }),
    start: async (bot) => {
      const { pooled } = await world.snapshot();
      const isTaken = pooled.some(
        ({ pool, port, program, instanceId }) =>
          instanceId !== bot.instanceId &&
          pool === bot.containerName &&
          port === bot.port &&
          program === 'RUNNING',
      );
      await remove(bot);
      // supervisord takes no such name, and runs nothing under it.
      if (!isProgramName(programName(bot.instanceId))) return;
      await world.addPooled({ ...bot, program: isTaken ? 'FATAL' : 'RUNNING' });
    },
    restart: async (bot) => {
      if ((await status(bot)) !== null) await world.setProgram(bot.instanceId, 'RUNNING');
    },
    status,
    remove,
    totalOf: async ({ instanceId }) => {
      const bot = await find(instanceId);
      return bot?.program === 'RUNNING' ? (bot.liveValue ?? undefined) : undefined;
    },
  };
}

/** Bots that sleep and speak no API, in real pools. */
export function dockerPrograms(): Programs {
  const pools = new Map<string, RunningContainer>();
  const inPool = async ({ containerName }: Pick<Placed, 'containerName'>, ...command: string[]) => {
    const pool = pools.get(containerName);
    if (pool === undefined) throw new Error(`the platform has no pool ${containerName}`);
    return pool.exec(command);
  };
  const shell = (bot: Placed, line: string) => inPool(bot, 'sh', '-c', line);
  const status = async (bot: Placed) => {
    const { output } = await inPool(bot, 'supervisorctl', 'status', `bot-${bot.instanceId}`);
    return /no such/.test(output) ? null : (/^\S+\s+([A-Z]+)/.exec(output)?.[1] ?? null);
  };
  return {
    startPool: async (name) => void pools.set(name, await runPool({ name, programs: [] })),
    start: async (bot) => {
      const name = `bot-${bot.instanceId}`;
      const conf = programConf({ name, command: '/bin/sleep 100000' });
      const config = JSON.stringify({ api_server: { listen_port: bot.port } });
      const folder = `/pool/bots/${bot.instanceId}`;
      await shell(bot, `mkdir -p ${folder} && printf '%s' '${config}' > ${folder}/config.json`);
      await shell(bot, `printf '%s' '${conf}' > /pool/supervisor/${name}.conf`);
      await shell(bot, 'supervisorctl reread; supervisorctl update');
      await waitFor(`${name} to run`, async () => (await status(bot)) === 'RUNNING');
    },
    restart: async (bot) =>
      void (await inPool(bot, 'supervisorctl', 'restart', `bot-${bot.instanceId}`)),
    status,
    remove: async (bot) => {
      const name = `bot-${bot.instanceId}`;
      await shell(bot, `supervisorctl stop ${name}; supervisorctl remove ${name}`);
      await shell(bot, `rm -rf /pool/bots/${bot.instanceId} /pool/supervisor/${name}.conf`);
    },
    totalOf: async () => undefined,
  };
}
