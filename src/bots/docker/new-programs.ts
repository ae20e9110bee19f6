// The files of a new bot in a pool: its config in its data folder, then its conf in supervisord's. Each is
// written aside under a name that nothing reads and renamed, so that supervisord never meets half a file: one
// that it cannot parse would stop the whole pool from being read.
//
// Assumed of the pool's image: `mkdir` and `mv`; /pool/bots for the bots' data; what the command names. The
// default command is the platform's freqtrade, which finds its API's port in the config; everything else of a
// strategy is the platform's to add to that file.

import { InDoubtError } from '@reclaim/saga';
import type { InstanceId } from '../../domain/ids.ts';
import type { FencedCall } from '../bots.ts';
import { confPaths, programName } from '../supervisor/program-names.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import type { Shell } from './shell.ts';
import { tarOfFile } from './tar.ts';

export interface BotProgram {
  /** Where bots keep their data, inside the pool. */
  readonly botsDir: string;
  /** The command line of a bot; a `%` in it means what supervisord makes of it. */
  readonly command: (dataDir: string) => string;
  /** How long it must stay up to count as RUNNING. */
  readonly startSeconds: number;
}

export const PLATFORM_PROGRAM: BotProgram = {
  botsDir: '/pool/bots',
  command: (dataDir) => `freqtrade trade --config ${dataDir}/config.json`,
  startSeconds: 10,
};

/** No name that supervisord's `bot-*.conf` or a bot would read. */
const ASIDE = '.reclaim-new';

export function createNewPrograms(
  host: HostCalls,
  shell: Shell,
  {
    supervisorConfDir,
    botProgram,
    deadlines,
  }: {
    readonly supervisorConfDir: string;
    readonly botProgram: BotProgram;
    readonly deadlines: Deadlines;
  },
) {
  const { changeMs } = deadlines;

  const exec = (containerId: string, argv: readonly string[], call: FencedCall) =>
    shell.change(containerId, argv, 'BOT_FILE', call);

  async function place(containerId: string, file: NewFile, call: FencedCall) {
    const { folder, aside, path, content } = file;
    const archive = await tarOfFile(aside, content);
    await host.change(
      {
        what: 'write file',
        deadlineMs: changeMs,
        send: (api, abortSignal) =>
          api.getContainer(containerId).putArchive(archive, { path: folder, abortSignal }),
      },
      call,
    );
    await exec(containerId, ['mv', '-f', '--', `${folder}/${aside}`, path], call);
  }

  return {
    /** Repeatable. @throws RetryableError when the container refuses a file. */
    write: async (
      containerId: string,
      { instanceId, port }: { readonly instanceId: InstanceId; readonly port: number },
      call: FencedCall,
    ): Promise<void> => {
      const { botsDir, command, startSeconds } = botProgram;
      const dataDir = `${botsDir}/${instanceId}`;
      await exec(containerId, ['mkdir', '-p', '--', dataDir], call);
      const config = { folder: dataDir, aside: ASIDE, path: `${dataDir}/config.json` };
      await place(containerId, { ...config, content: configOf(instanceId, port) }, call);
      const { conf: path } = confPaths(supervisorConfDir, instanceId);
      // One bot's start must not rename another's file: the port is its own within the pool.
      const conf = { folder: supervisorConfDir, aside: `${ASIDE}-${port}`, path };
      const content = confOf(instanceId, command(dataDir), startSeconds);
      await place(containerId, { ...conf, content }, call);
    },
  };
}

interface NewFile {
  readonly folder: string;
  /** Its name in the folder while it is written. */
  readonly aside: string;
  readonly path: string;
  readonly content: string;
}

function configOf(instanceId: InstanceId, port: number): string {
  const config = {
    bot_name: instanceId,
    api_server: { enabled: true, listen_ip_address: '0.0.0.0', listen_port: port },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** As the platform writes it. */
function confOf(instanceId: InstanceId, command: string, startSeconds: number): string {
  // A line break would end the command and begin another key of the file.
  if (/[\r\n]/.test(command)) throw new InDoubtError('BOT_COMMAND', 'the command is not one line');
  return [
    `[program:${programName(instanceId)}]`,
    `command=${command}`,
    'autostart=true',
    'autorestart=true',
    `startsecs=${startSeconds}`,
    '',
  ].join('\n');
}
