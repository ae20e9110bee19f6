// One host as the bots' operations use it: containers, conf folders, supervisord.

import { randomUUID } from 'node:crypto';
import { extraSeconds } from '../../domain/bot.ts';
import type { BotsCall, FencedCall } from '../bots.ts';
import { SUPERVISORCTL } from '../supervisor/ctl-dialogue.ts';
import { createSupervisorctl, type Supervisorctl } from '../supervisor/supervisorctl.ts';
import { type BotConfigs, createBotConfigs } from './bot-config.ts';
import { createReadBotEndpoint, type ReadBotEndpoint } from './bot-endpoint.ts';
import { type ConfFolder, createConfFolder } from './conf-folder.ts';
import type { ContainerLimits } from './container-limits.ts';
import { type Containers, createContainers } from './containers.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import { type BotProgram, createNewPrograms, type NewPrograms } from './new-programs.ts';
import { changeBySession, readBySession } from './session-commands.ts';
import { createSessions } from './sessions.ts';
import { createShell } from './shell.ts';

export interface DockerServices {
  /** As in DOCKER_HOSTS. */
  readonly name: string;
  readonly containers: Containers;
  readonly conf: ConfFolder;
  readonly configs: BotConfigs;
  readonly readEndpoint: ReadBotEndpoint;
  readonly newPrograms: NewPrograms;
  /** For reads only: the verbs that change something throw. */
  readonly supervisorReader: (containerId: string, call: BotsCall) => Supervisorctl;
  /** @param stopSeconds of the bot's owner, where there is one: `stop` waits for it. */
  readonly supervisor: (
    containerId: string,
    call: FencedCall,
    stopSeconds?: number,
  ) => Supervisorctl;
  readonly deadlines: Deadlines;
  /** Of containers that are made here; undefined: Docker's default. */
  readonly networkMode: string | undefined;
  readonly limits: ContainerLimits;
  /** Ends what runs inside containers for us. Idempotent. */
  readonly close: () => void;
}

export interface DockerServicesOptions {
  readonly supervisorConfDir: string;
  readonly deadlines: Deadlines;
  readonly botProgram: BotProgram;
  readonly networkMode: string | undefined;
  readonly limits: ContainerLimits;
}

/** @param tcpHost undefined: the daemon's socket is on this machine. */
export function createDockerServices(
  host: HostCalls,
  options: DockerServicesOptions,
  tcpHost: string | undefined,
): DockerServices {
  const { supervisorConfDir, deadlines, networkMode, limits } = options;
  const { commandMs, programMs, maxStopSeconds, readMs: deadlineMs } = deadlines;
  const { botsDir } = options.botProgram;
  const sessions = createSessions(host, SUPERVISORCTL, deadlines, newToken);
  const shell = createShell(host, deadlines, newToken);
  const configs = createBotConfigs(host, { botsDir, deadlineMs });
  return {
    name: host.name,
    containers: createContainers(host, deadlines),
    conf: createConfFolder(host, shell, supervisorConfDir, deadlines),
    configs,
    readEndpoint: createReadBotEndpoint(host, configs, deadlines, tcpHost),
    newPrograms: createNewPrograms(host, shell, options),
    supervisorReader: (containerId, call) =>
      createSupervisorctl({
        commandMs,
        programMs,
        stopMs: programMs,
        run: (line, { kind, deadlineMs }) => {
          if (kind === 'change') throw new Error(`a reader was asked to run ${line}`);
          return readBySession(host, sessions, { containerId, line, deadlineMs }, call);
        },
      }),
    supervisor: (containerId, call, stopSeconds = 0) =>
      createSupervisorctl({
        commandMs,
        programMs,
        stopMs: programMs + 1_000 * extraSeconds(stopSeconds, maxStopSeconds),
        run: (line, { kind, deadlineMs }) => {
          const command = { containerId, line, deadlineMs };
          return kind === 'read'
            ? readBySession(host, sessions, command, call)
            : changeBySession(host, sessions, command, call);
        },
      }),
    deadlines,
    networkMode,
    limits,
    close: () => {
      sessions.close();
      shell.close();
    },
  };
}

/** A word of letters and digits that cannot be guessed. */
function newToken(): string {
  return `reclaim${randomUUID().replaceAll('-', '')}`;
}
