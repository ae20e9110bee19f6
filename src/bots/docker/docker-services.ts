// One host as the bots' operations use it: containers, conf folders, supervisord.

import { randomUUID } from 'node:crypto';
import { extraSeconds } from '../../domain/bot.ts';
import type { BotsCall, FencedCall } from '../bots.ts';
import { SUPERVISORCTL } from '../supervisor/ctl-dialogue.ts';
import { createSupervisorctl, type Supervisorctl } from '../supervisor/supervisorctl.ts';
import { createBotConfigs } from './bot-config.ts';
import { createConfFolder } from './conf-folder.ts';
import { type ContainerLimits, createContainers } from './containers.ts';
import type { Deadlines } from './deadlines.ts';
import type { HostCalls } from './host-calls.ts';
import { type BotProgram, createNewPrograms } from './new-programs.ts';
import { changeBySession, readBySession } from './session-commands.ts';
import { createSessions } from './sessions.ts';
import { createShell } from './shell.ts';

export interface DockerServicesOptions {
  readonly supervisorConfDir: string;
  readonly deadlines: Deadlines;
  readonly botProgram: BotProgram;
  readonly networkMode: string | undefined;
  readonly limits: ContainerLimits;
}

export type DockerServices = ReturnType<typeof createDockerServices>;

/** @param tcpHost undefined: the daemon's socket is on this machine. */
export function createDockerServices(
  host: HostCalls,
  options: DockerServicesOptions,
  tcpHost: string | undefined,
) {
  const { supervisorConfDir, deadlines, networkMode, limits } = options;
  const { commandMs, programMs, maxStopSeconds, readMs: deadlineMs } = deadlines;
  const { botsDir } = options.botProgram;
  const sessions = createSessions(host, SUPERVISORCTL, deadlines, newToken);
  const shell = createShell(host, deadlines, newToken);
  return {
    /** As in DOCKER_HOSTS. */
    name: host.name,
    /** The name by which a daemon elsewhere is reached; undefined: its socket is on this machine. */
    tcpHost,
    calls: host,
    containers: createContainers(host, deadlines),
    conf: createConfFolder(host, shell, supervisorConfDir, deadlines),
    configs: createBotConfigs(host, { botsDir, deadlineMs }),
    newPrograms: createNewPrograms(host, shell, options),
    /** For reads only: the verbs that change something throw. */
    supervisorReader: (containerId: string, call: BotsCall): Supervisorctl =>
      createSupervisorctl({
        commandMs,
        programMs,
        stopMs: programMs,
        run: (line, { kind, deadlineMs }) => {
          if (kind === 'change') throw new Error(`a reader was asked to run ${line}`);
          return readBySession(host, sessions, { containerId, line, deadlineMs }, call);
        },
      }),
    /** @param stopSeconds of the bot's owner, where there is one: `stop` waits for it. */
    supervisor: (containerId: string, call: FencedCall, stopSeconds: number = 0): Supervisorctl =>
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
    /** Of containers that are made here; undefined: Docker's default. */
    networkMode,
    limits,
    /** Ends what runs inside containers for us. Idempotent. */
    close: (): void => {
      sessions.close();
      shell.close();
    },
  };
}

/** A word of letters and digits that cannot be guessed. */
function newToken(): string {
  return `reclaim${randomUUID().replaceAll('-', '')}`;
}
